// The likeliest next tokens, with the probability that each had when one of them was chosen.

import { shares } from "../format.js";

/** @import { Candidate, Meta, T } from "../types.js" */

/**
 * What a token was chosen from, and, where filters made that another distribution, the model's own beside it. The
 * texts of a list add up to at most 100 %, and every place that says one says it so.
 * @typedef {Candidate & {share: number, says: string, own: string}} Shown own: "" where it is the same
 */

/** @param {Meta} meta @returns {Shown[]} */
export function candidates({ top, run }) {
  const list = top ?? [];
  const drops = run.recipe.sampler.kind === "sample"; // greedy looks at all of them
  const filtered = list.some((c) => c.drawn !== undefined || (drops && !c.kept));
  const drawn = list.map((c) => (drops && !c.kept ? 0 : (c.drawn ?? c.prob)));
  const [says, own] = [shares(drawn), shares(list.map((c) => c.prob))];
  return list.map((c, i) => ({ ...c, share: drawn[i], says: says[i], own: filtered ? own[i] : "" }));
}

/** The one that was chosen, if it is among the likeliest. @param {Meta} meta */
export const chosen = (meta) => candidates(meta).find((c) => c.chosen);

/** How likely the chosen one was, in words. @param {Meta} meta @param {T} t */
export const chance = (meta, t) => chosen(meta)?.says ?? t("say.unlikely");
