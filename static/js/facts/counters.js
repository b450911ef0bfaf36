// What a ledger counts: FLOPs by part of the model.

import { number } from "../format.js";

/** @import { Counters, Frame, Lanes, Meta } from "../types.js" */

export const PARTS = /** @type {const} */ (["qkv", "scores", "av", "out", "mlp", "head"]);

/** The wire leaves zeros out. @param {Work} counters @param {typeof PARTS[number]} part */
export const flops = (counters, part) => number(counters.flops[part] ?? 0);

/** @typedef {Pick<Counters, "flops">} Work */

/** What a cache leaves to do, whether or not the run has one. @param {Lanes} lanes @returns {Work|null} */
export const needed = ({ cached, needed }) => cached ?? (needed ? { flops: needed } : null);

/**
 * Pieces of one bar, in parts of the longest bar: first what a lane with a cache
 * pays too, part by part, then what this lane only computes again. So the solid
 * stretches of both lanes are equally long, and the hatched one is the price.
 * @param {Work|null} mine @param {Work|null} least what a cache leaves to do @param {number} longest
 */
export function pieces(mine, least, longest) {
  if (!mine || longest <= 0) return [];
  const solid = (/** @type {typeof PARTS[number]} */ part) =>
    least ? Math.min(flops(least, part), flops(mine, part)) : flops(mine, part);
  return [
    ...PARTS.map((part) => ({ part, again: false, share: solid(part) / longest })),
    ...PARTS.map((part) => ({ part, again: true, share: (flops(mine, part) - solid(part)) / longest })),
  ].filter((piece) => piece.share > 0);
}

/**
 * How many times as much the lane without a cache pays, of the numbers as they are shown: who divides them
 * finds it. "" where a lane is not in the run.
 * @param {Lanes} lanes
 */
export function times({ cached, uncached }) {
  if (!cached || !uncached) return "";
  const [one, other] = [cached, uncached].map((lane) => Number(total(lane).toPrecision(3)));
  const ratio = one ? other / one : 1;
  return ratio >= 99.5 ? ratio.toFixed(0) : ratio.toFixed(ratio < 10 ? 2 : 1);
}

/** Do both lanes pay the same? @param {Lanes} lanes */
export const same = ({ cached, uncached }) => !!cached && !!uncached && total(cached) === total(uncached);

/** @param {Work|null} counters */
export const total = (counters) => (counters ? PARTS.reduce((sum, p) => sum + flops(counters, p), 0) : 0);

/** What one multiplication and addition are counted as. @param {Frame} frame */
export const unitOf = (frame) => (frame.meta.ledger.count.unit === "mac" ? "MAC" : "FLOP");

/**
 * What the draft paid beside the lanes, which are the model's alone: nothing in a step, since it proposes between
 * passes. Null where there is no draft.
 * @param {Meta} meta @param {"step"|"pass"|"total"} span @returns {number|null}
 */
export function draftPaid({ speculation: s, step }, span) {
  if (!s) return null;
  const pass = number(s.flops ?? 0);
  if (span !== "total") return span === "pass" ? pass : 0;
  return number(s.so_far.draft) + (step?.part === "head" ? 0 : pass);
}
