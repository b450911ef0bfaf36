// What stands around the matrices of an op: token names beside rows and above
// columns, cached parted from new, and the signs between.

import { along, bracket, sign, text, thin } from "../../ui/axes.js";
import { onStage } from "../../facts/token-names.js";
import { learned } from "../../facts/readout.js";
import { blank, show } from "../../ui/canvas.js";

/** @import { Frame, Plate, Theme } from "../../types.js" */
/** @import { Plan } from "./plan.js" */

/**
 * @param {HTMLCanvasElement} canvas @param {Plan} layout @param {Frame} frame
 * @param {Theme} theme
 */
export function around(canvas, layout, frame, theme) {
  const ctx = blank(canvas, layout.width, layout.height);
  show(canvas, layout);
  const { pick_step: from } = frame.meta;
  if (!ctx || !from) return;
  ctx.textBaseline = "middle";
  const { cached, rows: m } = from;
  const positions = cached + m;
  const c = theme.colors;
  const names = onStage(frame);
  const room = layout.label - 10;
  for (const p of layout.plates) {
    ctx.font = theme.font;
    const cache = p.name === "K" || p.name === "V";
    const beside = cache ? !p.transposed : p.rows === m && !p.fold && !learned(p.name) && p.name !== "sin";
    if (beside && (p.x === layout.label || cache)) {
      ctx.textAlign = "right";
      const from = cache ? 0 : cached;
      thin(p.rows, p.h / p.rows, 12, (i, y) =>
        text(ctx, names[from + i], p.x - 8, p.y + y, room, from + i < cached ? c.muted : c.ink),
      );
    }
    if (p.over) above(ctx, p, names, cached, room, theme);
    if (cache) {
      ctx.fillStyle = c.fresh; // an edge around the new rows
      if (p.transposed) ctx.fillRect(p.x + (p.w * cached) / positions, p.y - 3, (p.w * m) / positions + 3, p.h + 6);
      else ctx.fillRect(p.x - 3, p.y + (p.h * cached) / positions, p.w + 6, (p.h * m) / positions + 3);
      if (p.transposed) bracket(ctx, [p.x, p.y + p.h + 4], [p.w, 0], cached, positions, c);
      else bracket(ctx, [p.x - 4, p.y], [0, p.h], cached, positions, c);
    }
  }
  ctx.fillStyle = c.muted;
  ctx.textAlign = "center";
  for (const [s, x, y] of layout.signs) sign(ctx, s, x, y);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Plate} p
 * @param {string[]} names
 * @param {number} cached
 * @param {number} room
 * @param {Theme} theme
 */
function above(ctx, p, names, cached, room, theme) {
  const fit = Math.min(parseFloat(theme.font), Math.max(p.w / p.cols - 1.5, 9));
  ctx.font = theme.font.replace(/^[\d.]+px/, `${fit}px`);
  thin(p.cols, p.w / p.cols, 10, (j, x) => {
    along(ctx, names[j], p.x + x, p.y - 24, room - 14, j < cached ? theme.colors.muted : theme.colors.ink);
  });
}
