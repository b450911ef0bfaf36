// What this step did, in full: every number of it, and what the cache policy or the
// schedule did on the way. The sentence beside the picture is short; this is what it leaves out.

import { events } from "./events.js";
import { sentences, si } from "../../format.js";
import { batchSentence } from "./batch.js";
import { chance } from "../../facts/candidates.js";
import { cacheless, waits } from "../../facts/lanes.js";
import { isSeveral } from "../../facts/sequences.js";
import { metOf } from "../../facts/policy.js";
import { sentence as guessed } from "./speculation.js";
import { say, withTerms } from "../../ui/terms.js";

/** @import { Frame, Panel, State, T } from "../../types.js" */

/**
 * What was done, and what the cache policy did on the way.
 * @param {Frame} frame
 * @param {T} t
 * @returns {string}
 */
export const details = (frame, t) => sentences(said(frame, t), events(frame, t));

/** @param {Frame} frame @param {T} t @returns {string} */
function said(frame, t) {
  if (isSeveral(frame)) return batchSentence(frame, t);
  const { step, run, kv, top, tokens, ledger } = frame.meta;
  const proposals = cacheless(frame) ? null : guessed(frame, t);
  if (proposals) return proposals;
  if (!step) return t("say.start", { Count: run.prompt_tokens, Layers: run.config.layers });
  const T = step.cached + step.rows;
  if (step.part === "head") {
    if (!top?.length) return t("say.head.none", { Count: step.rows }); // there was no memory for the whole prompt
    if (run.recipe.max_new === 0)
      return t(cacheless(frame) ? "say.head.alone.uncached" : "say.head.alone", { Count: T, Vocab: run.config.vocab });
    const label = tokens[tokens.length - 1][1];
    return (
      t(step.phase === "prefill" ? "say.head.prefill" : "say.head.decode", {
        Token: label,
        Prob: chance(frame.meta, t),
        Vocab: run.config.vocab,
        Pass: step.pass,
      }) + (step.done ? " " + t(`say.done.${step.done}`) : "")
    );
  }
  if (cacheless(frame)) {
    return t(`say.uncached.${step.phase}`, {
      Layer: step.layer,
      Count: T,
      Masked: step.masked,
      Pairs: step.rows * T,
      Again: step.cached,
    });
  }
  const bytes = ledger.step.cached ? ledger.step.cached.kv_write_bytes : 0;
  if (step.phase === "prefill") {
    return t("say.prefill", {
      Layer: step.layer,
      Count: step.rows,
      Masked: step.masked,
      Pairs: step.rows * T,
      Rows: 2 * step.rows * run.config.kv_heads,
      Bytes: bytes,
    });
  }
  const { kept, keys } = metOf(run, step);
  const other = waits(frame.meta) ? "say.decode.counted" : "say.decode";
  return t(run.recipe.lanes === "cached" ? "say.cached.decode" : other, {
    Layer: step.layer,
    Token: tokens[T - 1][1],
    Cached: kept,
    Keys: keys,
    Rows: 2 * run.config.kv_heads,
    Bytes: bytes,
    Held: si(kv.bytes, "B"),
    Again: step.cached,
  });
}

/** @type {Panel} */
export const panel = { id: "details", offline: true, create };

/** @param {HTMLElement} root */
function create(root) {
  const line = /** @type {HTMLElement} */ (root.querySelector("[data-says]"));
  /** @param {State} state */
  return function view({ frame, t }) {
    root.hidden = !frame?.meta.step;
    say(line, frame ? details(frame, withTerms(t)) : "");
  };
}
