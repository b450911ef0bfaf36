// Which lanes a run has.

/** @import { Frame } from "../types.js" */

export const LANES = /** @type {const} */ (["cached", "uncached"]);

/** Has the run no cache? @param {Frame|null} frame */
export const cacheless = (frame) => frame?.meta.run.recipe.lanes === "uncached";
