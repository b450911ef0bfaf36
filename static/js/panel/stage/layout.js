// Where the matrices of the stage stand. Geometry only, no DOM.

import { clamp } from "../../scale/linear.js";

/** @import { Plate } from "../../types.js" */

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
