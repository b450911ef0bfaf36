// Where the window is small the form folds away behind one button that names
// the run; recipe.css says where that is.

import { isolate } from "../../text.js";

/** @import { State } from "../../types.js" */

/**
 * @param {HTMLElement} button @param {HTMLFormElement} form
 */
export function createFold(button, form) {
  const model = /** @type {HTMLElement} */ (button.querySelector("[data-model]"));
  const prompt = /** @type {HTMLElement} */ (button.querySelector("[data-prompt]"));
  const waits = /** @type {HTMLElement} */ (button.querySelector("[data-pending]"));
  const flags = /** @type {HTMLElement} */ (button.querySelector("[data-flags]"));
  const menu = /** @type {HTMLSelectElement} */ (form.elements.namedItem("model"));
  const open = (/** @type {boolean} */ yes) => {
    form.classList.toggle("open", yes);
    button.setAttribute("aria-expanded", String(yes));
  };
  button.addEventListener("click", () => open(!form.classList.contains("open")));
  /** The run that was sent off, until its first frame or its problem is here. @type {{}|null} */
  let sent = null;
  form.addEventListener("submit", () => {
    if (button.checkVisibility()) sent = {};
  });
  /** @param {State} state @param {State} before */
  return function view({ frame, problem, pending, t }, before) {
    waits.textContent = pending.length ? t("recipe.pending") : "";
    if (!frame) return;
    const { recipe, outside, short } = frame.meta.run;
    if (problem && problem !== before.problem) sent = null; // what is to be mended stays in sight
    const begun = (frame !== before.frame && !frame.meta.step) || (before.pending.length && !pending.length);
    if (sent && begun) {
      sent = null;
      open(false);
      if (form.contains(document.activeElement)) button.focus();
    }
    const title = [...menu.options].find((o) => o.value === recipe.model)?.text ?? recipe.model;
    model.textContent = title;
    // what the form says of the run in full (panel/chrome), in so few words that the line has them
    const old = pending.includes("prompt") || pending.includes("model"); // what was said of it is about to go
    flags.textContent = [
      outside?.length && !old ? t("fold.outside", { Words: outside.map((w) => `“${isolate(w)}”`) }) : "",
      short ? t("fold.short", { Fits: short.fits, Whole: short.whole }) : "",
    ]
      .filter(Boolean)
      .join(" · ");
    flags.title = flags.textContent;
    prompt.textContent = isolate(recipe.prompt || (recipe.tokens ?? []).join(", "));
  };
}
