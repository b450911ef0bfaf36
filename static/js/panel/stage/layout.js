// Where the matrices of the stage stand. Geometry only, no DOM.

import { clamp } from "../../scale/linear.js";
import { plateName } from "../../facts/matrices.js";

/** @import { Box, LaneName, Plate } from "../../types.js" */

const FEW = 8; // rows or columns of which each has room for its number
const NARROW = 640; // pixels
const MOST = 1.6; // times the size that is wished for, where a window is large

/**
 * The stage: above, the lane without a cache, below it the one with it, in the same columns. In each,
 * the scores stand at the crossing of Q and K^T, and the output at that of the softmax and V: K^T and V
 * stand outside, so that the rows that both lanes compute meet in the middle.
 *
 * All fits into width x height, however long the text is: rows and columns become thinner.
 * @param {{width: number, height: number, em: number, m: number, t: number, rows: number, columns?: number,
 *   hd: number, lanes: LaneName[]}} size
 *   pixels, also of an em; m new rows, t positions; rows and columns of the lane without a cache, which may leave
 *   out some; head_dim; lanes that are drawn
 */
export function stage({ width, height, em, m, t, rows, columns = rows, hd, lanes }) {
  const narrow = width < NARROW;
  const gap = narrow ? 12 : 26; // between matrices: room for a sign
  const label = narrow ? 46 : Math.round(5.6 * em); // token names beside rows
  const names = narrow ? 40 : Math.round(4.2 * em); // and above columns
  const caption = Math.round(1.4 * em); // its formula and its size
  const few = hd <= FEW;
  const both = lanes.length > 1;
  const middle = both ? Math.round(1.5 * em) : 0;
  const foot = lanes.includes("cached") ? Math.round(1.1 * em) : 2; // what the bracket under K^T says

  const room = positions(t);
  const deep = clamp(Math.floor(width * (few ? 0.16 : 0.12)), Math.min(hd, 24), hd * (few ? 56 : 6));
  const key = Math.min((width - label - 2 * deep - 3 * gap) / 2 / room, t <= FEW ? 60 : 26); // one position across
  const across = key * t;

  // What is left of the height is shared by dimensions and rows.
  const count = lanes.reduce((n, lane) => n + (lane === "cached" ? m : rows), 0);
  const free = height - names - foot - middle - lanes.length * caption - 4;
  const dims = hd * (few ? 24 : both ? 2.4 : 4);
  const row = few || count <= FEW ? 26 : 14;
  const thick = m === 1 ? Math.max(row, 26) : row; // the one row of decode is what the eye looks for
  const all = lanes.reduce((sum, lane) => sum + (lane === "cached" ? m * thick : rows * row), 0);
  const share = Math.min(free / (lanes.length * dims + all), MOST);
  const tall = Math.max(dims * share, Math.min(free / (3 * lanes.length), 30)); // K^T and V
  const scale = Math.min((free - lanes.length * tall) / all, MOST);

  const total = label + 2 * deep + 3 * gap + 2 * key * room;
  const from = Math.max(Math.floor((width - total) / 2), 0);
  const q = from + label;
  const s = q + deep + gap;
  const p = s + across + gap;
  const o = p + across + gap;
  /** @type {Record<string, Plate>} */
  const plates = {};
  /** @type {Partial<Record<LaneName, Box>>} what is said of a lane stands in the corner of Q and K^T */
  const notes = {};
  let y = names;
  for (const lane of lanes) {
    const above = lane === "uncached"; // are K^T and V above the rows?
    const n = above ? rows : m;
    const keys = above ? columns : t;
    const h = Math.max(n * scale * (above ? row : thick), 2);
    const kv = above ? y : y + h + caption;
    const at = above ? y + tall + caption : y;
    const add = (
      /** @type {string} */ op,
      /** @type {number} */ x,
      /** @type {number} */ top,
      /** @type {Partial<Plate>} */ more,
    ) =>
      (plates[plateName(lane, op)] = {
        ...{ name: plateName(lane, op), x, y: top, w: across, h, rows: n, cols: keys },
        ...more,
      });
    add("Q", q, at, { w: deep, cols: hd });
    add("K", s, kv, { h: tall, rows: hd, transposed: true });
    add("scores", s, at, {});
    add("probs", p, at, {});
    add("V", o, kv, { w: deep, h: tall, rows: keys, cols: hd });
    add("out", o, at, { w: deep, cols: hd });
    const corner = { x: from + 10, w: label + deep + gap - 16 };
    notes[lane] = above
      ? { ...corner, y: at - caption - 8 * em, h: 8 * em }
      : { ...corner, y: kv, h: Math.min(8 * em, height - kv) };
    y += tall + caption + h + middle;
  }
  return { plates, notes, corner: o - s - across, lanes, width, height, label, narrow, from, names, middle };
}

/**
 * How many positions there is room for where t are shown: up to the next quarter of a power of two, so that
 * columns keep their width over many steps.
 * @param {number} t
 */
function positions(t) {
  const step = Math.max(2 ** (Math.floor(Math.log2(Math.max(t - 1, 1))) - 2), 4);
  return Math.ceil(t / step) * step;
}
