// Which lanes a run has.

/** Has the run no cache? @param {any} frame */
export const cacheless = (frame) => frame?.meta.run.recipe.lanes === "uncached";
