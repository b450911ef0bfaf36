// What one layer did: what is new, what came from the cache, what is computed again without one.

import { cacheless, waits } from "../../facts/lanes.js";
import { isSeveral, seqName, sumOf } from "../../facts/sequences.js";
import { metOf } from "../../facts/policy.js";

/** @import { Frame, T, With } from "../../types.js" */

/** @param {Frame} frame @param {T} t @returns {string[]} at most two sentences */
export function layerSays(frame, t) {
  const { step, run, tokens, speculation } = frame.meta;
  if (!step) return [];
  if (isSeveral(frame)) return severalSay(frame, t);
  const met = metOf(run, step);
  const args = {
    Layer: step.layer,
    Count: step.rows,
    Token: tokens[step.cached + step.rows - 1][1],
    Again: step.cached,
    All: step.cached + step.rows,
    Keys: met.keys,
    Cached: met.kept,
    Proposed: speculation?.proposed?.length ?? 0,
  };
  const { lanes } = run.recipe;
  if (cacheless(frame)) {
    const own = step.cached ? "sentence.uncached.decode" : "sentence.uncached.prefill";
    return [t(own, args), t("sentence.uncached.kept")];
  }
  if (!step.cached) {
    const both = lanes !== "cached" && !waits(frame.meta);
    return [t(both ? "sentence.prefill" : "sentence.prefill.one", args), t("sentence.prefill.kept")];
  }
  const first = args.Proposed ? "sentence.proposals" : step.rows === 1 ? "sentence.decode" : "sentence.rows";
  const without = lanes === "cached" ? "sentence.added" : waits(frame.meta) ? "sentence.would" : "sentence.again";
  return [t(first, args), t(without, args)];
}

/**
 * A batch, or beams: what all share, and what the one did that is looked at.
 * @param {With<"peers">} frame @param {T} t
 */
function severalSay(frame, t) {
  const { step, peers, run } = frame.meta;
  if (!step) return [];
  const args = {
    Layer: step.layer,
    Pass: step.pass,
    Count: peers.pass.length,
    Rows: sumOf(frame.meta, (p) => p.rows),
    Who: seqName(frame, peers.seq, t),
    New: step.rows,
    Cached: cacheless(frame) ? step.cached : metOf(run, step).kept,
    All: step.cached + step.rows,
  };
  return [
    t("sentence.several", args),
    t(cacheless(frame) ? "sentence.several.uncached" : "sentence.several.own", args),
  ];
}
