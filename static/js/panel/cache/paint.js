// Paints the cache picture: sizes, or how often rows were read, or how often
// the lane without a cache computed them again.

import { markGuesses } from "./guess.js";
import { policyMarks } from "./policy-marks.js";
import { codedRow } from "../../facts/policy-rows.js";
import { stamp } from "../../ui/matrix.js";
import { blank, show } from "../../ui/canvas.js";

/** @import { Box, Frame, Row, T, Theme } from "../../types.js" */
/** @import { Plan } from "./plan.js" */

/** @typedef {"size"|"read"|"again"|"error"} Colouring what the picture is coloured by */

/**
 * @param {HTMLCanvasElement} canvas @param {number} width @param {Plan} layout
 * @param {{frame: Frame, theme: Theme, t: T, view: Colouring, here:
 * Row|null}} what
 * @returns {number} the count that the darkest colour stands for
 */
export function shade(canvas, width, layout, { frame, theme, t, view, here }) {
  const { kv, run, step, pick } = frame.meta;
  const { layers, kv_heads: heads } = run.config;
  const ctx = blank(canvas, width, layout.height);
  show(canvas, { height: layout.height });
  if (!ctx) return 0;
  ctx.font = theme.font;
  ctx.textBaseline = "middle";
  const c = theme.colors;
  const { most, of } = values(frame, view);
  const now = step && step.part === "layer" ? step.layer : -1;
  for (const side of [0, 1]) {
    const x = layout.x(side);
    ctx.fillStyle = c.muted;
    ctx.fillText(side ? "V" : "K", x, layout.top(side) + 8);
    for (let l = 0; l < layers; l++) {
      const y = layout.y(side, l);
      const tall = heads * layout.strip - 1;
      if (side === 0 || layout.stacked) {
        ctx.fillStyle = l === pick.layer ? c.ink : c.muted;
        ctx.fillText(t("cache.layer", { Layer: l }), 0, y + tall / 2);
      }
      ctx.strokeStyle = c.line;
      ctx.lineWidth = 1;
      ctx.beginPath();
      for (let h = 0; h < heads; h++)
        ctx.rect(x + 0.5, y + h * layout.strip + 0.5, layout.mark * kv.capacity - 1, layout.strip - 2);
      ctx.stroke(); // room not yet used
      if (kv.lens[l] > 0) {
        const box = { x, y, w: layout.mark * kv.lens[l], h: tall };
        const colors =
          view === "size" || view === "error" ? theme.sequential : view === "read" ? theme.reads : theme.again;
        block(ctx, box, layout, heads, kv.lens[l], (h, p) => of(side, l, h, p), colors, c);
        if (view === "again") hatch(ctx, box, c.surface);
      }
      policyMarks(ctx, frame, l, { x, y, mark: layout.mark, strip: layout.strip }, c);
      if (l === pick.layer && kv.lens.some(Boolean)) {
        // whose rows the stage shows
        ctx.fillStyle = c.ink;
        ctx.fillRect(x - 5, y + pick.kv_head * layout.strip - 1, 3, layout.strip + 1);
      }
      if (l === now) {
        // what this step appended
        ctx.strokeStyle = c.fresh;
        ctx.lineWidth = 2;
        ctx.strokeRect(x + kv.before * layout.mark - 1, y - 2, (kv.lens[l] - kv.before) * layout.mark + 1, tall + 4);
      }
    }
  }
  markGuesses(ctx, layout, frame.meta, c);
  if (here) ring(ctx, layout, here, c);
  return most;
}

/**
 * The colour of each row, 0..255, and what 255 stands for.
 * @param {Frame} frame @param {Colouring} view
 * @returns {{most: number, of: (side: number, layer: number, head: number, position: number) => number}}
 */
export function values(frame, view) {
  const PALEST = 60; // a row that is there is never as pale as an empty place
  const { tensors } = frame;
  const { rows } = tensors;
  if (view === "error" && tensors.cache_error) {
    const most = frame.meta.use?.max_error ?? 0;
    return {
      most,
      of: (side, layer, head, position) =>
        PALEST + (most ? ((255 - PALEST) * (codedRow(frame, { side, layer, head, position })?.error ?? 0)) / most : 0),
    };
  }
  if (view === "size" || view === "error" || !rows) {
    const shape = tensors.cache_k?.shape ?? [0, 0, 0];
    const sides = [tensors.cache_k, tensors.cache_v];
    return {
      most: 0,
      of: (side, l, h, p) =>
        PALEST + ((255 - PALEST) / 255) * (sides[side]?.data[(l * shape[1] + h) * shape[2] + p] ?? 0),
    };
  }
  const [, layers, positions] = rows.shape;
  const from = (view === "read" ? 1 : 2) * layers * positions;
  let most = 0;
  for (const n of rows.data.subarray(from, from + layers * positions)) most = Math.max(most, n);
  return {
    most,
    of: (_, l, _h, p) => PALEST + (most ? ((255 - PALEST) * rows.data[from + l * positions + p]) / most : 0),
  };
}

/**
 * One layer's rows. Where a position is narrower than a pixel, a pixel shows the strongest of those it covers.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Box} box
 * @param {Plan} layout
 * @param {number} heads
 * @param {number} held
 * @param {(h: number, p: number) => number} of
 * @param {Uint32Array} colors
 * @param {Record<string, string>} c
 */
function block(ctx, box, layout, heads, held, of, colors, c) {
  const cols = layout.mark >= 1 ? held : Math.max(Math.floor(box.w), 1);
  const at = (/** @type {number} */ h, /** @type {number} */ col) => {
    let top = 0;
    for (let p = Math.floor((col * held) / cols); p < Math.max(((col + 1) * held) / cols, 1) && p < held; p++)
      top = Math.max(top, of(h, p));
    return top;
  };
  stamp(ctx, { rows: heads, cols, max: 255, signed: false, at }, colors, box);
  ctx.fillStyle = c.surface; // the gaps between heads and positions
  for (let h = 1; h < heads; h++) ctx.fillRect(box.x, box.y + h * layout.strip - 1, box.w, 1);
  if (layout.mark > 4) for (let p = 1; p < held; p++) ctx.fillRect(box.x + p * layout.mark - 1, box.y, 1, box.h + 1);
}

/** @param {CanvasRenderingContext2D} ctx @param {Box} box @param {string} color */
function hatch(ctx, { x, y, w, h }, color) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, w, h);
  ctx.clip();
  ctx.strokeStyle = color;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (let at = x - h; at < x + w; at += 5) {
    ctx.moveTo(at, y + h);
    ctx.lineTo(at + h, y);
  }
  ctx.stroke();
  ctx.restore();
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Plan} layout
 * @param {Row} row
 * @param {Record<string, string>} c
 */
function ring(ctx, layout, { side, layer, head, position }, c) {
  const w = Math.max(layout.mark, 3);
  const x = layout.x(side) + position * layout.mark;
  const y = layout.y(side, layer) + head * layout.strip;
  ctx.strokeStyle = c.surface;
  ctx.lineWidth = 4;
  ctx.strokeRect(x - 1.5, y - 1.5, w + 2, layout.strip + 2);
  ctx.strokeStyle = c.ink;
  ctx.lineWidth = 2;
  ctx.strokeRect(x - 1.5, y - 1.5, w + 2, layout.strip + 2);
}
