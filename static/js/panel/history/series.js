// The lines of the run's history, from the tensors of a frame.

import { LANES, hasLane } from "../../facts/lanes.js";

/** @import { Frame, Tensor } from "../../types.js" */
/** @import { Series } from "./curves.js" */

/** Was the lane without a cache only counted at a point? @param {Frame} frame @param {number} point */
export const counted = ({ meta: { history } }, point) =>
  !!history?.counted?.some(([from, to]) => from <= point && point < to);

/**
 * The lines to draw: what the formulas say of the whole run, and what was paid.
 * @param {Frame} frame
 * @returns {Series[]}
 */
export function series(frame) {
  const { history_paid: paid, history_ahead: told } = frame.tensors;
  const { metric, parts, sums = false, fit } = frame.meta.history ?? {};
  const ahead = told && parts ? unfold(told, frame.meta.run.config.layers, sums) : told;
  const { lanes } = frame.meta.run.recipe;
  const ran = LANES.filter((lane) => hasLane(lanes, lane));
  const row = (/** @type {Pick<Tensor, "data"|"shape">} */ t, /** @type {number} */ i) =>
    t.data.subarray(i * t.shape[1], (i + 1) * t.shape[1]);
  const kind = /** @type {"ahead"|"modelled"} */ (fit ? "modelled" : "ahead");
  return [
    ...(ahead && metric === "flops"
      ? [{ lane: LANES[1], kind: /** @type {const} */ ("dense"), values: row(ahead, 2) }]
      : []),
    ...(ahead
      ? LANES.map((lane, i) => ({ lane, kind, values: row(ahead, i) })).filter(({ lane }) => !fit || fit[lane])
      : []),
    ...(paid
      ? ran.map((lane) => ({ lane, kind: /** @type {const} */ ("paid"), values: row(paid, LANES.indexOf(lane)) }))
      : []),
  ];
}

/**
 * Two numbers for each pass, what every layer's step adds and what the head's does,
 * as a point for each step.
 * @param {Tensor} parts @param {number} layers @param {boolean} sums points are running sums
 */
export function unfold({ shape: [rows, cols], data }, layers, sums) {
  const points = (cols / 2) * (layers + 1);
  const all = new Float64Array(rows * points);
  for (let i = 0; i < all.length; i++) {
    const [row, point] = [Math.floor(i / points), i % points];
    const [pass, part] = [Math.floor(point / (layers + 1)), point % (layers + 1)];
    all[i] = data[row * cols + 2 * pass + (part === layers ? 1 : 0)] + (sums && point ? all[i - 1] : 0);
  }
  return { shape: [rows, points], data: all };
}
