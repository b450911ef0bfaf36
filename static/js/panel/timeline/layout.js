// Geometry of the map of a run. No DOM.

import { clamp } from "../../scale/linear.js";

/** @import { Box } from "../../types.js" */

/**
 * The timeline: prefill as one block as wide as its prompt, then one column
 * for each decode pass; layers from the bottom up, the head on top.
 *
 * @param {{width: number, height: number, layers: number, prompt: number, passes: number, even?: boolean, left?:
 * number, top?: number, adds?: number[]}} size
 *   even: no pass is prefill, all are as wide;
 *   left and top are room before the map: width counts it, height does not; adds are the tokens that decode
 *   passes feed and keep, of all that are shown, where these are not one each: each is as wide as its tokens
 */
export function timeline({ width, height, layers, prompt, passes, even = false, left = 0, top = 0, adds }) {
  const units = prompt + (passes - 1);
  const gap = passes > 1 && !even ? 8 : 0; // prefill and decode are two stretches
  const unit = (width - left - gap) / units;
  const tall = height / (layers + 1);
  // tokens before each decode pass
  const starts = (adds ?? []).reduce((all, n) => [...all, all[all.length - 1] + n], [0]);
  const before = (/** @type {number} */ pass) => (adds ? starts[Math.min(pass - 1, adds.length)] : pass - 1);
  return {
    unit,
    tall,
    /** How many passes have a column. */
    shown: adds ? adds.length + 1 : passes,
    /** Where a token stands. @param {number} i from 0 */
    token: (i) => left + unit * i + (i < prompt ? 0 : gap),
    /** @param {number} pass */
    column: (pass) =>
      pass === 0
        ? { x: left, w: unit * prompt }
        : { x: left + gap + unit * (prompt + before(pass)), w: unit * (adds?.[pass - 1] ?? 1) },
    /** @param {number} n @returns {Box} */
    box(n) {
      const pass = Math.floor(n / (layers + 1));
      const part = n % (layers + 1);
      const { x, w } = this.column(pass);
      return { x, y: top + height - (part + 1) * tall, w, h: tall };
    },
    /** The step under a point. @param {number} x @param {number} y */
    at(x, y) {
      const from = x - left;
      const raw = (from - (from > unit * prompt ? gap : 0)) / unit - prompt + 1;
      const column = clamp(Math.floor(Math.max(raw, 0)), 0, passes - 1);
      const pass =
        adds && column > 0 ? clamp(starts.findLastIndex((s) => s <= column - 1) + 1, 0, adds.length) : column;
      const part = clamp(Math.floor((top + height - y) / tall), 0, layers);
      return pass * (layers + 1) + part;
    },
  };
}
