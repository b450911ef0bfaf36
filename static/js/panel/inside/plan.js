// Where the matrices of one op stand. Geometry only, no DOM.
//
// A product stands at the crossing of its factors, as on the stage; everything
// else stands one above the other, columns aligned, the result last.

import { VOCAB } from "../../wire/triangle.js";
import { clamp } from "../../scale/linear.js";

/** @import { Input, Plate } from "../../types.js" */

/**
 * @typedef {Pick<Input, "op"|"rows"|"cols"> & Partial<Pick<Input, "weight"|"first"|"down">>} Part
 * @typedef {{plates: Plate[], signs: [string, number, number][], width: number, height: number, label: number}} Plan
 */

const CAPTION = 26;
const TALLEST = 200; // lines of a folded row
const BIAS = 14; // height of a bias
const GAP = 40; // between squares that stand side by side

/**
 * @param {{width: number, height?: number, op: string, kind: string, inputs: Part[], out: Part, m: number, positions:
 * number, head: number}} o
 *   pixels, and those of the window on it, in which a cache stands whole with its new rows; the op, its matrices, new
 *   rows, positions, the head that is looked at
 * @returns {Plan}
 */
export function plan(o) {
  const label = o.width < 640 ? 58 : 84; // token names beside rows and above columns
  const [, by, bias, more] = o.inputs;
  return o.kind === "dot" &&
    by?.rows > 1 &&
    (!bias || bias.op.startsWith("b_")) &&
    !more &&
    o.out.rows === o.m &&
    !VOCAB.has(o.op)
    ? cross(o, label)
    : stack(o, label);
}

/** Numbers in a line of a long row: 64, or more for the vocabulary of a large model. @param {number} n */
function foldOf(n) {
  let line = 64;
  while (n / line > TALLEST) line *= 2;
  return Math.min(line, n);
}

/** What a plate passes over. @param {Part} p */
const skip = ({ first = 0, rows }) =>
  first ? { skip: rows > 1 ? { row: first, col: 0 } : { row: 0, col: first } } : {};

const FEW = 8; // a matrix of so few columns has room for its numbers

/** Pixels of one row. @param {number} m */
const rowSize = (m) => (m === 1 ? 30 : m <= FEW ? 28 : clamp(300 / m, 2, 16));

/** Most pixels of one column. @param {number} n columns @param {number} many where there are many */
const widest = (n, many) => (n <= FEW ? 56 : many);

/** @param {Parameters<typeof plan>[0]} o @param {number} label @returns {Plan} */
function cross({ width, inputs: [a, b, bias], out, m, positions }, label) {
  const narrow = width < 640;
  const deep = b.down ? b.rows : b.cols; // the sum runs over this many
  const names = b.down ? label : 0; // beside V
  const over = !b.down && out.cols === positions && !b.weight ? label : 0; // above K
  const gap = (narrow ? 20 : 34) + names;
  const free = width - label - gap;
  const across = clamp(free / (deep + out.cols), 0.4, widest(deep, a.cols === positions ? 16 : 8));
  const wide = clamp((free - across * deep) / out.cols, 0.4, widest(out.cols, over ? 26 : 8));
  const tall = deep <= FEW ? 28 : clamp(230 / deep, 0.8, b.down ? 13 : 8);
  const row = rowSize(m);
  const x = label + Math.round(across * deep) + gap;
  const top = over + CAPTION;
  const added = top + Math.round(tall * deep) + CAPTION; // the bias, between the matrix and the result
  const y = added + (bias ? BIAS + CAPTION : 0) + 10;
  const size = { w: Math.round(wide * out.cols), h: Math.max(Math.round(row * m), 3) };
  return {
    label,
    width: x + size.w,
    height: y + size.h + 4,
    plates: [
      { name: a.op, x: label, y, w: Math.round(across * deep), h: size.h, rows: m, cols: a.cols },
      {
        name: b.op,
        x,
        y: top,
        w: size.w,
        h: Math.round(tall * deep),
        rows: deep,
        cols: out.cols,
        transposed: !b.down,
        over: over > 0,
        ...skip(b),
      },
      ...(bias ? [{ name: bias.op, x, y: added, w: size.w, h: BIAS, rows: 1, cols: out.cols, ...skip(bias) }] : []),
      { name: out.op, x, y, ...size, rows: m, cols: out.cols },
    ],
    signs: [
      // the second operand stands over the result: a sign between the first and the result is no product
      ["·", x - gap / 2, added - CAPTION],
      ["=", x - (gap - names) / 2, y + Math.min(size.h / 2, 40)],
      ...(bias ? [/** @type {[string, number, number]} */ (["+", x - (gap - names) / 2, added + BIAS / 2])] : []),
    ],
  };
}

/** @param {Parameters<typeof plan>[0]} o @param {number} label @returns {Plan} */
function stack({ width, height = Infinity, op, inputs, out, m, positions, head }, label) {
  const parts = [...inputs.filter((p) => !p.weight), out];
  const folded = VOCAB.has(op) ? foldOf(out.cols) : 0;
  const most = Math.max(...parts.map((p) => (VOCAB.has(p.op) ? folded : p.cols)));
  const keys = out.cols === positions && op !== "K" && op !== "V"; // columns are tokens
  const room = width - label;
  // Two squares of pairs stand beside each other where there is room.
  const beside = keys && m > 1 && parts.length === 2 && (room - GAP) / 2 / most >= 9 ? GAP : 0;
  const unit = clamp(
    beside ? (room - GAP) / 2 / most : room / most,
    0.4,
    widest(most, keys ? 26 : most <= 40 ? 14 : 8),
  );
  let y = keys ? label : 0;
  const cache = op === "K" || op === "V";
  const rest = height - 2 * CAPTION - rowSize(m) * m - 12; // beside the new rows
  /** @type {Plate[]} */
  const plates = [];
  /** @type {[string, number, number][]} */
  const signs = [];
  parts.forEach((p, i) => {
    const fold = VOCAB.has(p.op) ? folded : 0;
    const rows = fold ? Math.ceil(p.cols / fold) : p.rows;
    // logits stand over their probabilities, both in sight
    const size = fold
      ? clamp((p === out && op !== "chances" ? 600 : 180) / rows, 3, 10)
      : p.rows === 1 && m > FEW
        ? 14
        : p.rows <= FEW || p.rows === m
          ? rowSize(m)
          : clamp(Math.min(260, cache ? rest : 260) / p.rows, 1.5, 14);
    const left = p.op === "sin" || (beside && i) ? plates[plates.length - 1] : null; // cosine and sine share a line too
    // a head over its place among all
    const indent = left ? left.w + (beside || 20) : p.op === "out" ? head * p.cols * unit : 0;
    const scale = fold ? Math.min((width - label) / fold, 12) : unit;
    if (!left) y += CAPTION;
    plates.push({
      name: p.op,
      x: label + Math.round(indent),
      y: left ? left.y : y,
      w: Math.round(scale * (fold || p.cols)),
      h: Math.max(Math.round(size * rows), 3),
      rows,
      cols: fold || p.cols,
      ...(fold ? { fold } : {}),
      over: keys && (i === 0 || beside > 0),
    });
    const plate = plates[plates.length - 1];
    if (!left) y += plate.h;
    const after = parts.length - 1 - i;
    const sign = after === 0 ? "" : after === 1 ? "↓" : parts[i + 1].op.startsWith("b_") ? "+" : (SIGNS[op] ?? "↓");
    if (sign && beside) signs.push(["→", plate.x + plate.w + beside / 2, plate.y + Math.min(plate.h / 2, 40)]);
    else if (sign && p.op !== "cos") signs.push([sign, label - 20, y + CAPTION / 2]);
  });
  return { label, width: Math.max(...plates.map((p) => p.x + p.w)), height: y + 4, plates, signs };
}

/** Between the inputs. @type {Record<string, string>} */
const SIGNS = { norm1: "×", norm2: "×", norm3: "×", qn: "×", kn: "×", mid: "+", next: "+", act: "×" };
