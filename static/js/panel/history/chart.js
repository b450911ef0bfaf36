// Geometry of the chart of a run: passes or steps from left to right, prefill
// apart from decode, one axis with round ticks. No DOM.

import { clamp, linear } from "../../scale/linear.js";

/**
 * @typedef {{x: (point: number) => number, y: (value: number) => number, point: (x: number) => number, ticks: number[],
 * left: number, right: number, top: number, bottom: number, gap: number, dx: number}} Chart
 */

const APART = 22; // pixels between prefill and decode
const INSET = 14;

/**
 * Points from left to right, those of prefill apart from those of decode.
 * @param {{width: number, height: number, points: number, first: number, most: number, axis: number}} size pixels,
 * points, how many of them are prefill, the largest value, room for the axis
 * @returns {Chart}
 */
export function chart({ width, height, points, first, most, axis }) {
  const left = axis;
  const right = width - 8;
  const top = 14;
  const bottom = height - 32;
  const ticks = round(most, 4);
  const decode = points > first;
  const dx = (right - left - INSET - 6 - (decode ? APART : 0)) / Math.max(points - 1, 1);
  const x = (/** @type {number} */ i) => left + INSET + i * dx + (i >= first ? APART : 0);
  const gap = x(first - 1) + (dx + APART) / 2;
  return {
    x,
    ticks,
    left,
    right,
    top,
    bottom,
    gap,
    dx,
    y: linear([0, ticks[ticks.length - 1] || 1], [bottom, top]),
    point: (at) => {
      const late = decode && at > gap;
      const i = Math.round((at - left - INSET - (late ? APART : 0)) / dx);
      return late ? clamp(i, first, points - 1) : clamp(i, 0, Math.min(first, points) - 1);
    },
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
  for (let k = order.length - 1, free = high; k >= 0; k--)
    free = (out[order[k]] = Math.min(out[order[k]], free)) - need;
  return out;
}
