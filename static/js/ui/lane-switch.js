// What the lane without a cache does: it runs in every step, until a sequence has some
// tokens, alone, or not at all. The form asks for it, and the ledger has it beside the lamp,
// with a button of its own: what is changed is run by New run, wherever that stands.

import { UNTIL } from "../facts/lanes.js";
import { check } from "./refusal.js";

/** @import { Actions, State } from "../types.js" */

/**
 * @param {HTMLElement} root
 * @param {Pick<Actions, "run"|"seek">} [act] begins the run anew, at the same step; without it the form does
 */
export function createLaneSwitch(root, act) {
  const kind = /** @type {HTMLSelectElement} */ (root.querySelector("select"));
  const tokens = /** @type {HTMLInputElement} */ (root.querySelector("input"));
  let state = /** @type {State|null} */ (null);
  let shown = "";
  /** Shows what matters, and whether it is not yet run. */
  const arrange = () => {
    tokens.closest("label")?.toggleAttribute("hidden", kind.value !== UNTIL);
    const { lanes } = state?.frame?.meta.run.recipe ?? {};
    const waits = !!go && lanes !== undefined && lanes !== value();
    if (go) go.hidden = !waits;
    if (pending) pending.textContent = waits && state ? state.t("recipe.pending") : "";
  };
  const value = () => (kind.value === UNTIL ? UNTIL + Number(tokens.value) : kind.value);
  const [go, pending] = ["run", "pending"].map(
    (name) => /** @type {HTMLElement|null} */ (root.querySelector(`[data-${name}]`)),
  );
  root.addEventListener("change", (e) => {
    const { step } = state?.frame?.meta ?? {};
    // who says so while the run is on means from here on
    if (act && step && e.target === kind && kind.value === UNTIL) tokens.value = String(step.cached + step.rows);
    arrange();
  });
  go?.addEventListener("click", () => {
    const { run, step } = state?.frame?.meta ?? {};
    if (!act || !run || !state || !check(root, state.t)) return;
    kind.focus(); // the button goes
    act.run({ ...run.recipe, lanes: value() });
    if (step) act.seek(step.n);
  });
  /** @param {string} lanes of a recipe */
  function set(lanes) {
    const until = lanes.startsWith(UNTIL);
    kind.value = until ? UNTIL : lanes;
    if (until) tokens.value = lanes.slice(UNTIL.length);
    arrange();
  }
  return {
    /** What stands there, as a recipe has it. */
    value,
    set,
    /** Shows what the run has, when another has begun. @param {State} next */
    view(next) {
      state = next;
      const { lanes } = next.frame?.meta.run.recipe ?? {};
      const key = JSON.stringify(next.frame?.meta.run.recipe);
      if (lanes === undefined || key === shown) return;
      shown = key;
      set(lanes);
    },
  };
}
