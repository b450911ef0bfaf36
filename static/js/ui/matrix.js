// Paints one matrix: a table of colours scaled up, then what colour alone must
// not say: hatching where the mask forbids, a bar in what is below zero.

import { indexer } from "../scale/color.js";
import { density, fit } from "./canvas.js";

/** @import { Box, Grid, Plate } from "../types.js" */

/**
 * One pixel per cell.
 * @param {Grid} grid @param {Uint32Array} colors
 * @returns {{width: number, height: number, data: Uint8ClampedArray<ArrayBuffer>}}
 */
export function pixels(grid, colors) {
  const { rows, cols, at, data, down = cols, across = 1 } = grid;
  const words = new Uint32Array(rows * cols);
  const index = indexer(grid.max, grid.signed);
  for (let r = 0, i = 0; r < rows; r++) {
    for (let c = 0; c < cols; c++, i++) words[i] = colors[index(data ? data[r * down + c * across] : at(r, c))];
  }
  return { width: cols, height: rows, data: new Uint8ClampedArray(words.buffer) };
}

/** @type {Map<string, HTMLCanvasElement>} */
const scratch = new Map();

/** A canvas with room for a grid. One for each size: what has been drawn from a
 * canvas is copied, all of it, when the next picture is put there.
 * @param {number} cols @param {number} rows */
function room(cols, rows) {
  const size = (/** @type {number} */ n) => 2 ** Math.ceil(Math.log2(Math.max(n, 4)));
  const key = `${size(cols)}x${size(rows)}`;
  const kept = scratch.get(key) ?? document.createElement("canvas");
  if (!scratch.has(key)) {
    [kept.width, kept.height] = [size(cols), size(rows)];
    scratch.set(key, kept);
  }
  return kept;
}

/**
 * Draws a grid into a box, each cell one flat colour.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Grid} grid
 * @param {Uint32Array} colors
 * @param {Box} box
 */
export function stamp(ctx, grid, colors, { x, y, w, h }) {
  const from = room(grid.cols, grid.rows);
  const p = pixels(grid, colors);
  from.getContext("2d")?.putImageData(new ImageData(p.data, p.width, p.height), 0, 0);
  ctx.imageSmoothingEnabled = false;
  ctx.drawImage(from, 0, 0, p.width, p.height, x, y, w, h);
}

const BARRED = 4; // pixels of a cell that has room for a minus
const FAINT = 1 / 10; // share of the ramp below which no sign is seen anyway
const STEP = 52; // of the ramp's 256 colours, from a cell to its minus

/**
 * @param {HTMLCanvasElement} canvas @param {Plate} plate
 * @param {Grid} grid @param {Uint32Array} colors @param {{hatch: string, line: string, again?: string}} ink
 */
export function paint(canvas, plate, grid, colors, ink) {
  fit(canvas, plate.w, plate.h);
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  const ratio = density();
  const { width: w, height: h } = canvas;
  stamp(ctx, grid, colors, { x: 0, y: 0, w, h });
  const cw = w / grid.cols;
  const ch = h / grid.rows;
  if (cw >= 7 * ratio && ch >= 7 * ratio) rule(ctx, grid, cw, ch, ink.line);
  if (grid.signed && cw >= BARRED * ratio && ch >= BARRED * ratio) bars(ctx, grid, colors, cw, ch, ratio);
  if (grid.masked) hatch(ctx, grid, grid.masked, cw, ch, ink.hatch, ratio, 1);
  if (grid.gone) hatch(ctx, grid, grid.gone, cw, ch, ink.hatch, ratio, -1); // both ways: crossed out
  const { rows = 0, cols = 0 } = grid.again ?? {};
  const { masked } = grid;
  if (rows || cols)
    hatch(ctx, grid, (r, c) => (r < rows || c < cols) && !masked?.(r, c), cw, ch, ink.again ?? ink.hatch, ratio, 1, 9);
}

/**
 * A minus in each cell below zero, so that the sign needs no colour: tone on
 * tone, a step of the ramp darker than a faint cell and lighter than a strong one.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Grid} grid
 * @param {Uint32Array} colors
 * @param {number} cw
 * @param {number} ch
 * @param {number} ratio
 */
function bars(ctx, grid, colors, cw, ch, ratio) {
  const w = Math.round(Math.min(Math.max(cw * 0.45, 2 * ratio), 9 * ratio));
  const h = Math.round(ratio * (Math.min(cw, ch) >= 12 * ratio ? 2 : 1));
  const index = indexer(grid.max, true);
  for (let r = 0; r < grid.rows; r++) {
    for (let c = 0; c < grid.cols; c++) {
      const i = index(grid.at(r, c));
      if (i > 127 * (1 - FAINT) || grid.masked?.(r, c)) continue;
      ctx.fillStyle = css(colors[i > STEP ? i - STEP : i + STEP]);
      ctx.fillRect(Math.round((c + 0.5) * cw - w / 2), Math.round((r + 0.5) * ch - h / 2), w, h);
    }
  }
}

/** A word of a ramp as the stylesheet says it. @param {number} word */
const css = (word) => `rgb(${word & 255} ${(word >> 8) & 255} ${(word >> 16) & 255})`;

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Grid} grid
 * @param {number} cw
 * @param {number} ch
 * @param {string} color
 */
function rule(ctx, grid, cw, ch, color) {
  ctx.fillStyle = color;
  for (let c = 1; c < grid.cols; c++) ctx.fillRect(Math.round(c * cw) - 1, 0, 1, grid.rows * ch);
  for (let r = 1; r < grid.rows; r++) ctx.fillRect(0, Math.round(r * ch) - 1, grid.cols * cw, 1);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Grid} grid
 * @param {(row: number, col: number) => boolean} of
 * @param {number} cw
 * @param {number} ch
 * @param {string} color @param {number} ratio @param {number} slope 1 rises to the right, -1 falls
 * @param {number} [apart] pixels between lines
 */
function hatch(ctx, grid, of, cw, ch, color, ratio, slope, apart = 6) {
  ctx.save();
  ctx.beginPath();
  for (let r = 0; r < grid.rows; r++) {
    for (let c = 0; c < grid.cols; c++) {
      const from = c;
      while (c < grid.cols && of(r, c)) c++;
      // a run at a time: a long prompt masks half of its pairs
      if (c > from) ctx.rect(from * cw, r * ch, (c - from) * cw, ch);
    }
  }
  ctx.clip();
  ctx.strokeStyle = color;
  ctx.lineWidth = ratio;
  ctx.beginPath();
  const w = grid.cols * cw;
  const h = grid.rows * ch;
  for (let x = -h; x < w; x += apart * ratio) {
    ctx.moveTo(x, slope > 0 ? h : 0);
    ctx.lineTo(x + h, slope > 0 ? 0 : h);
  }
  ctx.stroke();
  ctx.restore();
}
