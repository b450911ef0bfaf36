// What this step did, in at most two short sentences. The details panel has the rest.

import { sentences } from "../../format.js";
import { few, say, withTerms } from "../../ui/terms.js";
import { layerSays } from "./layer.js";
import { passSays } from "./pass.js";

/** @import { Frame, Panel, State, T } from "../../types.js" */

/** @param {Frame} frame @param {T} t @returns {string} */
export function sentence(frame, t) {
  const { step } = frame.meta;
  if (!step) return start(frame, t);
  return sentences(...(step.part === "head" ? passSays(frame, t) : layerSays(frame, t)));
}

/** Before the first step. @param {Frame} frame @param {T} t */
function start({ meta: { run, peers, schedule } }, t) {
  const Button = t("controls.layer");
  if (!peers) return t("sentence.start", { Count: run.prompt_tokens, Layers: run.config.layers, Button });
  return t(`sentence.start.${peers.kind}`, {
    Count: schedule?.requests.length ?? 0,
    Width: run.recipe.sampler.width,
    Button,
  });
}

/** How many terms can be pressed at a time: each is a control more in sight. */
const MARKS = 2;

/** @type {Panel} */
export const panel = { id: "sentence", offline: true, create };

/** @param {HTMLElement} root */
function create(root) {
  const line = /** @type {HTMLElement} */ (root.querySelector("[data-line]"));
  const count = /** @type {HTMLElement} */ (root.querySelector("[data-count]"));
  /** @param {State} state */
  return function view({ frame, t, connected, loading, held }) {
    const words = withTerms(t);
    say(
      line,
      frame
        ? few(sentence(frame, words), MARKS)
        : t(held?.waits ? "held.nothing" : loading ? "loading.then" : "say.waiting"),
    );
    count.textContent = frame ? counted(frame, t) : "";
    root.dataset.connected = String(connected);
  };
}

/** How far the run is. @param {Frame} frame @param {T} t */
export function counted({ meta: { run, step } }, t) {
  if (!step) return "";
  const short = run.recipe.batch && run.recipe.cache.budget && !run.ended; // who is preempted takes more passes
  return t(short ? "say.count.memory" : "say.count", { N: step.n, Length: run.ended ? run.recorded : run.length });
}
