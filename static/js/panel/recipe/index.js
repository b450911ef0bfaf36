// The recipe: the form, what is refused of it, and the button that it folds away behind.

import { paintTogether } from "../../state/store.js";
import { createRefusals } from "../../ui/refusal.js";
import { createFold } from "./fold.js";
import { createForm } from "./form.js";
import { keepInSight } from "./insight.js";

/** @import { Host, Panel } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "recipe", offline: false, create };

/** @param {HTMLFormElement} form @param {Host} host */
function create(form, { act }) {
  keepInSight();
  const button = /** @type {HTMLElement} */ (document.getElementById("recipe-open"));
  return paintTogether(createForm(form, act), createRefusals(), createFold(button, form));
}
