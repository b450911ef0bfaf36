// Where the matrices of the stage stand. Geometry only, no DOM.

import { clamp } from "../../scale/linear.js";
import { plateName } from "../../facts/matrices.js";

/** @import { Box, LaneName, Plate } from "../../types.js" */

const FEW = 8; // dimensions that have room for their numbers
const NARROW = 600; // pixels
const ROW = 42; // pixels of a row at most
const COLUMN = 90; // and of a column
const EDGE = 8; // right of V, where its bracket stands

/**
 * The stage: above, the lane without a cache, below it the one with it, in the same columns. In each,
 * the scores stand at the crossing of Q and K^T, and the output at that of the softmax and V: K^T and V
 * stand outside, so that the rows that both lanes compute meet in the middle.
 *
 * Where a matrix begins, what is written over or under it and how large it may become follow from width x height
 * alone, so that nothing moves while a run goes on: the text grows, and rows and columns become thinner. What the
 * lane without a cache computes grows down from the top, what the other one does grows up from the bottom.
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

  const deep = clamp(Math.floor(width * (few ? 0.16 : 0.12)), Math.min(hd, 24), hd * (few ? 56 : 6));
  const wide = (width - label - 2 * deep - 3 * gap - EDGE) / 2; // the scores' place, and that of the softmax
  const across = Math.min(wide, t * COLUMN);

  // What is left of the height is shared by dimensions and rows.
  const free = height - names - foot - middle - lanes.length * caption - 4;
  const tall = Math.min(hd * (few ? 40 : 6.4), free * (both ? (few ? 0.24 : 0.17) : 0.4)); // K^T and V
  const high = rowsHigh(free - lanes.length * tall, m, rows, lanes);

  const q = label;
  const s = q + deep + gap;
  const p = s + wide + gap;
  const o = p + wide + gap;
  /** @type {Record<string, Plate>} */
  const plates = {};
  /** @type {Partial<Record<LaneName, Box>>} what is said of a lane stands in the corner of Q and K^T */
  const notes = {};
  const bottom = height - foot - tall - 2; // where K^T of the lane with a cache begins
  for (const lane of lanes) {
    const above = lane === "uncached"; // are K^T and V above the rows?
    const n = above ? rows : m;
    const keys = above ? columns : t;
    const h = Math.max(high[lane] ?? 0, 2);
    const kv = above ? names : both ? bottom : names + h + caption;
    const at = above ? names + tall + caption : kv - caption - h;
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
    const corner = { x: 10, w: label + deep + gap - 16 };
    const y = Math.max(at - caption - 8 * em, 0);
    notes[lane] = above
      ? { ...corner, y, h: at - caption - y }
      : { ...corner, y: kv, h: Math.min(8 * em, height - kv) };
  }
  return { plates, notes, corner: o - s - across, lanes, width, height, label, narrow, names, middle, gap };
}

/**
 * How high the rows of each lane are. One new row beside many is as thick in every pass: it is what the eye looks for.
 * @param {number} room @param {number} m new rows @param {number} rows of the lane without a cache
 * @param {LaneName[]} lanes @returns {Partial<Record<LaneName, number>>}
 */
function rowsHigh(room, m, rows, lanes) {
  if (lanes.length < 2) return { [lanes[0]]: Math.min(room, ROW * (lanes[0] === "cached" ? m : rows)) };
  const least = Math.min(m * clamp(0.08 * room, 12, 34), 0.4 * room);
  const cached = Math.min(m > 1 ? Math.max(least, (room * m) / (m + rows)) : least, m * ROW);
  return { cached, uncached: Math.min(room - cached, rows * ROW) };
}
