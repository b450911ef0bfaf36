// Where a step is in its run, in words.

/** @import { Meta, Phase, T } from "../types.js" */

/**
 * @param {{pass: number, phase: Phase, layer: number|null}} step
 * @param {T} t
 * @param {Meta} [meta] of a frame: in a batch a pass is of several
 */
export function where(step, t, meta) {
  const pass = t(meta?.schedule ? "where.pass" : step.phase === "prefill" ? "where.prefill" : "where.decode", {
    Pass: step.pass,
  });
  return pass + " · " + (step.layer === null ? t("where.head") : t("where.layer", { Layer: step.layer }));
}
