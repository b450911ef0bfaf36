// The lines of the run's history, from the tensors of a frame.

/** @import { Frame, Tensor } from "../../types.js" */
/** @import { Series } from "./curves.js" */

export const LANES = ["cached", "uncached"];

/**
 * The lines to draw: what the formulas say of the whole run, and what was paid.
 * @param {Frame} frame
 * @returns {Series[]}
 */
export function series(frame) {
  const { history_paid: paid } = frame.tensors;
  const { metric, parts, sums, fit } = frame.meta.history;
  const ahead = parts
    ? unfold(frame.tensors.history_ahead, frame.meta.run.config.layers, sums)
    : frame.tensors.history_ahead;
  const { lanes } = frame.meta.run.recipe;
  const ran = LANES.filter((lane) => lanes === "both" || lanes === lane);
  const row = (t, i) => t.data.subarray(i * t.shape[1], (i + 1) * t.shape[1]);
  const kind = /** @type {"ahead"|"modelled"} */ (fit ? "modelled" : "ahead");
  return [
    ...(ahead && metric === "flops"
      ? [{ lane: "uncached", kind: /** @type {const} */ ("dense"), values: row(ahead, 2) }]
      : []),
    ...(ahead
      ? LANES.map((lane, i) => ({ lane, kind, values: row(ahead, i) })).filter(({ lane }) => !fit || fit[lane])
      : []),
    ...ran.map((lane) => ({ lane, kind: /** @type {const} */ ("paid"), values: row(paid, LANES.indexOf(lane)) })),
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
