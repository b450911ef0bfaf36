// Which lanes a run has, and how far the one without a cache runs.

/** @import { Frame, LaneName, Meta } from "../types.js" */

export const LANES = /** @type {const} */ (["cached", "uncached"]);

/** Has the run no cache? @param {Frame|null} frame */
export const cacheless = (frame) => frame?.meta.run.recipe.lanes === "uncached";

/** How a recipe's lanes begin that are both until a sequence has some tokens. */
export const UNTIL = "both:";

/** Does the recipe have a lane? @param {string} lanes of a recipe @param {LaneName} lane */
export const hasLane = (lanes, lane) => lanes === lane || lanes === "both" || lanes.startsWith(UNTIL);

/** Is the lane without a cache only counted in this step? @param {Meta} meta */
export const waits = ({ step }) => step?.compared !== undefined;
