// Geometry of the chart of a run: passes from left to right, prefill apart
// from decode, one axis with round ticks. No DOM.

import { clamp, linear } from "../scale/linear.js";

/** @typedef {{x: (pass: number) => number, y: (value: number) => number, pass: (x: number) => number, ticks: number[], left: number, right: number, top: number, bottom: number, gap: number}} Chart */

const APART = 22; // pixels between prefill and the first decode pass

/**
 * @param {{width: number, height: number, passes: number, most: number, axis: number}} size pixels, passes, the largest value, room for the axis
 * @returns {Chart}
 */
export function chart({ width, height, passes, most, axis }) {
  const left = axis;
  const right = width - 8;
  const top = 14;
  const bottom = height - 32;
  const ticks = round(most, 4);
  const y = linear([0, ticks[ticks.length - 1] || 1], [bottom, top]);
  const first = left + 14;
  const start = first + APART;
  const decode = linear([1, Math.max(passes - 1, 2)], [start, right - 6]);
  const x = (/** @type {number} */ pass) => (pass === 0 ? first : decode(pass));
  const back = linear([start, right - 6], [1, Math.max(passes - 1, 2)]);
  return {
    x, y, ticks, left, right, top, bottom,
    gap: (first + start) / 2,
    pass: (at) => (passes < 2 || at < (first + start) / 2 ? 0 : clamp(Math.round(back(at)), 1, passes - 1)),
  };
}

/**
 * Round numbers from 0 to at least most, about n steps apart by 1, 2 or 5.
 * @param {number} most @param {number} n
 */
export function round(most, n) {
  if (!(most > 0)) return [0, 1];
  const rough = most / n;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((k) => k * power >= rough * (1 - 1e-9)) ?? 10);
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, i) => i * step);
}

/**
 * Moves labels apart that stand closer than need, keeping their order.
 * @param {number[]} ys @param {number} need @param {number} low @param {number} high
 */
export function spread(ys, need, low, high) {
  const order = ys.map((_, i) => i).sort((a, b) => ys[a] - ys[b]);
  const out = [...ys];
  for (let k = 0, free = low; k < order.length; k++) free = (out[order[k]] = Math.max(ys[order[k]], free)) + need;
  for (let k = order.length - 1, free = high; k >= 0; k--) free = (out[order[k]] = Math.min(out[order[k]], free)) - need;
  return out;
}
