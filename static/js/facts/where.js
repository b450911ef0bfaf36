// Where a step is in its run, in words.

/** @import { Meta, T } from "../types.js" */

/**
 * @param {any} step
 * @param {T} t
 * @param {Meta} [meta] of a frame: in a batch a pass is of several
 */
export function where(step, t, meta) {
  const pass = t(meta?.schedule ? "where.pass" : step.phase === "prefill" ? "where.prefill" : "where.decode", {
    Pass: step.pass,
  });
  return pass + " · " + (step.layer === null ? t("where.head") : t("where.layer", { Layer: step.layer }));
}
