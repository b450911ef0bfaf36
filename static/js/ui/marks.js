// Marks over the matrices: the cell that is explained, the cells it was made of,
// and arrows from these to it. Shape says it all, colour only helps.

import { cacheless } from "../facts/lanes.js";
import { cellNames } from "../facts/lesson.js";
import { plateName } from "../facts/matrices.js";
import { toPlate } from "./plate.js";
import { density, fit, show } from "./canvas.js";

/** @import { Box, Frame, Guess, LaneName, Plate, Read, Ref, Theme } from "../types.js" */

/** @typedef {Pick<Read, "along"|"n">} Line cells side by side */

/**
 * The part of a plate that shows a line of cells.
 * @param {Plate} plate @param {{row: number, col: number} & Partial<Line>} line
 * @returns {Box|null}
 */
export function box(plate, { row, col, along, n = 1 }) {
  const from = toPlate(plate, row, col);
  const to = toPlate(plate, row + (along === "col" ? n - 1 : 0), col + (along === "row" ? n - 1 : 0));
  if (from.row < 0 || from.col < 0 || to.row >= plate.rows || to.col >= plate.cols) return null;
  const cw = plate.w / plate.cols;
  const ch = plate.h / plate.rows;
  return {
    x: plate.x + from.col * cw,
    y: plate.y + from.row * ch,
    w: (to.col - from.col + 1) * cw,
    h: (to.row - from.row + 1) * ch,
  };
}

/**
 * What to mark for the explanation of a frame on these plates.
 * @param {Frame} frame @param {Plate[]} plates
 * @returns {{cell: Box|null, reads: Box[]}}
 */
export function marked(frame, plates) {
  const e = frame.meta.explain;
  const { pick, without } = frame.meta;
  if (!e) return { cell: null, reads: [] };
  const find = (/** @type {Ref & Partial<Line>} */ line) => {
    const inside = !!pick.op && cacheless(frame); // one op of that lane
    const here = line.lane && !inside ? line.step === without?.step && !without.shown : line.step === pick.from;
    const plate =
      here &&
      (!e.per_head || line.head === pick.head) &&
      plates.find((p) => p.name === plateName((!inside && line.lane) || "cached", line.op));
    return plate ? box(plate, line) : null;
  };
  return { cell: find(e), reads: e.reads.map(find).filter((x) => !!x) };
}

/**
 * What was picked as an answer, and what would have been right.
 * @param {Guess|null} guess @param {Plate[]} plates
 * @returns {[Box, boolean][]} with whether it is the right one's
 */
export function guessed(guess, plates) {
  const plate = guess && plates.find((p) => p.name === plateName(/** @type {LaneName} */ (guess.lane), guess.op));
  if (!plate) return [];
  const all = (/** @type {string|null} */ names) =>
    cellNames(names ?? "").flatMap((name) => {
      const [row, col] = name.split(".").map(Number);
      const line =
        guess.by === "row"
          ? { row, col: 0, along: "row", n: plate.transposed ? plate.rows : plate.cols }
          : guess.by === "col"
            ? { row: 0, col: row, along: "col", n: plate.transposed ? plate.cols : plate.rows }
            : { row, col };
      return box(plate, /** @type {{row: number, col: number}} */ (line)) ?? [];
    });
  return [
    ...all(guess.right).map((b) => /** @type {[Box, boolean]} */ ([b, true])),
    ...all(guess.picked).map((b) => /** @type {[Box, boolean]} */ ([b, false])),
  ];
}

/** Those that have something on them. @type {WeakSet<HTMLCanvasElement>} */
const used = new WeakSet();

/**
 * Where there is nothing to mark, which is nearly always, a canvas that is blank stays as it is:
 * a browser copies all of one that it has so much as cleared, and this one is as large as the stage.
 * @param {HTMLCanvasElement} canvas @param {{width: number, height: number}} size
 * @param {ReturnType<typeof marked> & {guesses?: ReturnType<typeof guessed>}} what @param {Theme} theme
 * @param {[Plate, (row: number, col: number) => string][]} [written] matrices with room for their
 * numbers
 */
export function marks(canvas, size, { cell, reads, guesses = [] }, theme, written = []) {
  const nothing = !cell && !reads.length && !written.length && !guesses.length;
  show(canvas, size);
  if (nothing && !used.has(canvas)) return;
  fit(canvas, size.width, size.height);
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  if (nothing) used.delete(canvas);
  else used.add(canvas);
  ctx.setTransform(density(), 0, 0, density(), 0, 0);
  ctx.clearRect(0, 0, size.width, size.height);
  for (const r of reads) if (cell) arrow(ctx, r, cell, theme);
  for (const [plate, at] of written) numbers(ctx, plate, at, theme); // arrows pass behind
  for (const r of reads) frameBox(ctx, r, theme, 1.5);
  if (cell) frameBox(ctx, cell, theme, 2.5);
  for (const [b, right] of guesses) answerBox(ctx, b, right, theme);
}

/**
 * The right one is filled thinly, what was picked has a frame.
 * @param {CanvasRenderingContext2D} ctx @param {Box} b @param {boolean} right @param {Theme} theme
 */
function answerBox(ctx, b, right, theme) {
  if (right) {
    ctx.globalAlpha = 0.35;
    ctx.fillStyle = theme.colors.good ?? theme.colors.ink;
    ctx.fillRect(b.x, b.y, b.w, b.h);
    ctx.globalAlpha = 1;
    return;
  }
  frameBox(ctx, { x: b.x + 1, y: b.y + 1, w: b.w - 2, h: b.h - 2 }, theme, 2);
}

/** Has a cell room for a number? @param {Plate} p */
export const roomy = (p) => p.w / p.cols >= 44 && p.h / p.rows >= 15;

/**
 * The numbers of a small matrix in its cells, each on a strip of paper, so that
 * they read well on any colour.
 * @param {CanvasRenderingContext2D} ctx @param {Plate} p
 * @param {(row: number, col: number) => string} at @param {Theme} theme
 */
function numbers(ctx, p, at, theme) {
  const [cw, ch] = [p.w / p.cols, p.h / p.rows];
  ctx.font = theme.font;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (let r = 0; r < p.rows; r++) {
    for (let c = 0; c < p.cols; c++) {
      const [x, y, s] = [p.x + (c + 0.5) * cw, p.y + (r + 0.5) * ch, at(r, c)];
      if (!s) continue; // there is none
      const w = ctx.measureText(s).width + 6;
      ctx.globalAlpha = 0.86;
      ctx.fillStyle = theme.colors.surface;
      const h = Math.min(ch - 1, 16);
      ctx.fillRect(x - w / 2, y - h / 2, w, h);
      ctx.globalAlpha = 1;
      ctx.fillStyle = theme.colors.ink;
      ctx.fillText(s, x, y + 0.5);
    }
  }
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Box} b
 * @param {Theme} theme
 * @param {number} line
 */
function frameBox(ctx, b, theme, line) {
  const grow = Math.max(0, (5 - Math.min(b.w, b.h)) / 2); // a cell of one pixel must be seen
  const r = { x: b.x - grow, y: b.y - grow, w: b.w + 2 * grow, h: b.h + 2 * grow };
  ctx.strokeStyle = theme.colors.surface;
  ctx.lineWidth = line + 2.5;
  ctx.strokeRect(r.x, r.y, r.w, r.h);
  ctx.strokeStyle = theme.colors.ink;
  ctx.lineWidth = line;
  ctx.strokeRect(r.x, r.y, r.w, r.h);
}

/**
 * From the side of a box that faces the cell to the cell.
 * @param {CanvasRenderingContext2D} ctx @param {Box} from @param {Box} to @param {Theme} theme
 */
function arrow(ctx, from, to, theme) {
  const cx = to.x + to.w / 2;
  const cy = to.y + to.h / 2;
  const beside = cy >= from.y - 1 && cy <= from.y + from.h + 1;
  const right = from.x + from.w <= to.x;
  let a, b;
  if (beside && (right || from.x >= to.x + to.w)) {
    a = { x: right ? from.x + from.w + 3 : from.x - 3, y: cy };
    b = { x: right ? to.x - 3 : to.x + to.w + 3, y: cy };
  } else {
    const below = from.y + from.h <= to.y;
    const x = cx >= from.x && cx <= from.x + from.w ? cx : from.x + from.w / 2;
    a = { x, y: below ? from.y + from.h + 3 : from.y - 3 };
    b = { x: cx, y: below ? to.y - 3 : to.y + to.h + 3 };
  }
  if (Math.hypot(b.x - a.x, b.y - a.y) < 8) return;
  for (const [color, width] of /** @type {[string, number][]} */ ([
    [theme.colors.surface, 4],
    [theme.colors.ink, 1.5],
  ])) {
    ctx.strokeStyle = color;
    ctx.fillStyle = color;
    ctx.lineWidth = width;
    ctx.beginPath();
    ctx.moveTo(a.x, a.y);
    ctx.lineTo(b.x, b.y);
    ctx.stroke();
    const angle = Math.atan2(b.y - a.y, b.x - a.x);
    ctx.beginPath();
    ctx.moveTo(b.x, b.y);
    ctx.lineTo(b.x - 8 * Math.cos(angle - 0.4), b.y - 8 * Math.sin(angle - 0.4));
    ctx.lineTo(b.x - 8 * Math.cos(angle + 0.4), b.y - 8 * Math.sin(angle + 0.4));
    ctx.closePath();
    ctx.fill();
  }
}
