// What a step of speculative decoding did, in one sentence.

import { metOf } from "../../facts/policy.js";
import { test } from "../../facts/verdicts.js";

/** @import { Frame, T } from "../../types.js" */

/**
 * What happened in this step, in one sentence; null where a draft had no part in it.
 * @param {Frame} frame
 * @param {T} t
 * @returns {string|null}
 */
export function sentence(frame, t) {
  const { speculation: s, step, run, ledger } = frame.meta;
  if (!s?.proposed || !step) return null;
  const Proposed = s.proposed.length;
  if (step.part === "layer") {
    return t("spec.say.layer", {
      Layer: step.layer,
      Fed: step.rows - Proposed,
      Proposed,
      Cached: metOf(run, step).kept,
      Keys: metOf(run, step).keys,
      Rows: 2 * step.rows * run.config.kv_heads,
      Bytes: ledger.step.cached?.kv_write_bytes ?? 0,
    });
  }
  const over = step.done ? " " + t(`say.done.${step.done}`) : "";
  const { verdicts = [] } = s;
  const at = verdicts.findIndex((v) => !v.accepted);
  const left = Proposed - s.stays;
  const leaves = { Count: left, After: left - 1, Bytes: s.left ?? 0 };
  const args = {
    Count: Proposed,
    Accepted: at < 0 ? verdicts.length : at,
    Token: s.token?.[1],
    Tokens: s.stays + 1,
    Left: left,
    Bytes: s.left ?? 0,
    Leaves: left ? t("spec.leaves", leaves) : "",
    Rejected: s.proposed[at]?.[1] ?? "",
    Test: at < 0 ? "" : test(verdicts[at]),
  };
  if (s.draws === "person") return t("spec.say.person", args) + over;
  if (s.draws === "proposal") return t(left ? "spec.say.ended" : "spec.say.ended.all", args) + over;
  if (at < 0) return t("spec.say.all", args) + over;
  return t(run.recipe.sampler.kind === "sample" ? "spec.say.rejected" : "spec.say.rejected.greedy", args) + over;
}
