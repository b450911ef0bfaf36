// A long run of only the lane without a cache: nothing is kept, and its pass is too long to recompute for a picture.
// Says so where it would be, and offers the same moment with both lanes.

import { cacheless } from "../../facts/lanes.js";

/** @import { Frame, Host, Panel, State } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "cacheless", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  let frame = /** @type {Frame|null} */ (null);
  root.querySelector("button")?.addEventListener("click", () => {
    const { run, step } = frame?.meta ?? {};
    if (!run || !step) return;
    act.run({ ...run.recipe, lanes: "both" }); // the lanes agree to the bit: the same tokens, the same steps
    act.seek(step.n);
    // this button is about to go
    /** @type {HTMLElement|null} */ (document.querySelector('#transport [data-do="layer"]'))?.focus({
      preventScroll: true,
    });
  });
  /** @param {State} state */
  return function view(state) {
    frame = state.frame;
    const { pick, step, without } = frame?.meta ?? {};
    const none = cacheless(frame) && !!step && (pick?.op ? pick.from === null : (without?.source ?? "none") === "none");
    root.hidden = !none;
  };
}
