// Geometry only: where things stand, and what is under a point. No DOM.

import { clamp } from "../scale/linear.js";

/** @typedef {{x: number, y: number, w: number, h: number}} Box */
/**
 * @typedef {Box & {name: string, rows: number, cols: number, transposed?: boolean}} Plate a matrix drawn as w x h
 * pixels
 */

const CAPTION = 20;
const FEW = 8; // rows or columns of which each has room for its number
const NARROW = 640; // pixels; below it the two products stand one above the other

/**
 * The stage: Q beside the scores and K^T above them; the softmax beside V's
 * column; V above the output. So each product stands at the crossing of what
 * it is made of. On a narrow screen the second product stands below the first.
 *
 * @param {{width: number, m: number, t: number, hd: number}} size pixels, new rows, positions, head_dim
 * @returns {{plates: Record<string, Plate>, width: number, height: number, label: number, narrow: boolean}}
 */
export function stage({ width, m, t, hd }) {
  const narrow = width < NARROW;
  const gap = narrow ? 20 : 30; // between matrices: room for a sign
  const label = narrow ? 58 : 84; // token names beside rows and above columns
  const dim = clamp(Math.floor((width * 0.17) / hd), 2, hd <= FEW ? 56 : 8); // pixels of one head dimension
  const deep = hd * dim;
  const free = narrow ? width - label - deep - gap : (width - label - 2 * deep - 3 * gap) / 2;
  const key = clamp(free / t, 1.5, t <= FEW ? 56 : 26); // pixels of one key position across
  const row = m === 1 ? 30 : m <= FEW ? 28 : clamp(key, 3, 22); // pixels of one query row
  const across = Math.round(key * t);
  const tall = Math.max(Math.round(row * m), 3);
  const vTall = clamp(t * (t <= FEW ? 28 : 13), 40, Math.max(deep, 40));
  const first = label + CAPTION + deep + CAPTION + 36; // K^T, the bracket and its words, the caption
  const second = narrow ? first + tall + CAPTION + 12 + vTall + CAPTION + 12 : first;
  const x = narrow
    ? { s: label + deep + gap, p: label, o: label + across + gap }
    : { s: label + deep + gap, p: label + deep + 2 * gap + across, o: label + deep + 3 * gap + 2 * across };
  const vTop = narrow ? second - vTall - CAPTION - 12 : label + CAPTION + deep - vTall;
  /** @type {Record<string, Plate>} */
  const plates = {
    Q: { name: "Q", x: label, y: first, w: deep, h: tall, rows: m, cols: hd },
    K: { name: "K", x: x.s, y: label + CAPTION, w: across, h: deep, rows: hd, cols: t, transposed: true },
    scores: { name: "scores", x: x.s, y: first, w: across, h: tall, rows: m, cols: t },
    probs: { name: "probs", x: x.p, y: second, w: across, h: tall, rows: m, cols: t },
    V: { name: "V", x: x.o, y: vTop, w: deep, h: vTall, rows: t, cols: hd },
    out: { name: "out", x: x.o, y: second, w: deep, h: tall, rows: m, cols: hd },
  };
  const right = Math.max(x.o + deep, x.s + across);
  return { plates, width: right, height: second + tall + 4, label, narrow };
}

/**
 * The cell of a plate under a point, or null.
 * @param {Plate} plate @param {number} x @param {number} y from the plate's corner
 */
export function hit(plate, x, y) {
  const col = Math.floor((x / plate.w) * plate.cols);
  const row = Math.floor((y / plate.h) * plate.rows);
  return col < 0 || row < 0 || col >= plate.cols || row >= plate.rows ? null : { row, col };
}

/**
 * The cell of the tensor that a cell of a plate shows: K is drawn transposed.
 * @param {string} name @param {{row: number, col: number}} at
 */
export const tensorCell = (name, at) => (name === "K" ? { row: at.col, col: at.row } : at);

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
