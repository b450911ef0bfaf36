// What stands around the matrices: token names, the brackets that part cached
// from new, and the signs of the formula.

import { isolate } from "../text.js";
import { onStage } from "../facts/token-names.js";
import { blank, show } from "./canvas.js";

/** @import { Box, Frame, Plate, Theme } from "../types.js" */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{width: number, height: number, label: number, narrow: boolean, plates: Record<string, Plate>}} layout
 * @param {Frame} frame
 * @param {Theme} theme @param {{cached: string, fresh: string}} words of the brackets
 */
export function axes(canvas, layout, frame, theme, words) {
  const ctx = blank(canvas, layout.width, layout.height);
  show(canvas, layout);
  const from = frame.meta.pick_step;
  if (!ctx || !from) return;
  const { Q, K, V, scores, probs, out } = layout.plates;
  const { cached, rows } = from;
  const positions = cached + rows;
  const labels = onStage(frame);
  const c = theme.colors;
  ctx.font = theme.font;
  ctx.textBaseline = "middle";
  const room = layout.label - 10;

  // Queries, beside Q: the new rows.
  ctx.textAlign = "right";
  thin(rows, Q.h / rows, 12, (i, y) => text(ctx, labels[cached + i], Q.x - 8, Q.y + y, room, c.ink));
  // Keys, above K^T and beside V; where columns are narrow, of some of them only.
  const apart = K.w / positions;
  const fit = Math.min(parseFloat(theme.font), apart * Math.max(1, Math.ceil(12 / apart)) - 1.5);
  ctx.font = theme.font.replace(/^[\d.]+px/, `${fit}px`);
  thin(positions, apart, 12, (j, x) => {
    ctx.save();
    ctx.translate(K.x + x, K.y - 8);
    ctx.rotate(-Math.PI / 2);
    ctx.textAlign = "left";
    text(ctx, labels[j], 0, 0, room, j < cached ? c.muted : c.ink);
    ctx.restore();
  });
  ctx.font = theme.font;
  thin(positions, V.h / positions, 12, (j, y) =>
    text(ctx, labels[j], V.x - 8, V.y + y, room, j < cached ? c.muted : c.ink),
  );

  // Cached against new: a bracket under K^T and left of V, in the lane's colour.
  bracket(ctx, [K.x, K.y + K.h + 4], [K.w, 0], cached, positions, c);
  bracket(ctx, [V.x - 4, V.y], [0, V.h], cached, positions, c);
  named(ctx, K, cached / positions, words, c);

  // The signs of softmax(Q K^T / sqrt(d)) V.
  ctx.fillStyle = c.muted;
  ctx.textAlign = "center";
  const y = scores.y + Math.min(scores.h / 2, 40);
  sign(ctx, "·", (Q.x + Q.w + scores.x) / 2, y);
  if (layout.narrow) sign(ctx, "↓", probs.x + 12, scores.y + scores.h + 18);
  else sign(ctx, "→", (scores.x + scores.w + probs.x) / 2, y);
  sign(ctx, "·", (probs.x + probs.w + out.x) / 2, probs.y + Math.min(probs.h / 2, 40));
}

/**
 * Calls draw for as many of n labels as fit, size pixels apart.
 * @param {number} n @param {number} size @param {number} need @param {(i: number, at: number) => void} draw
 */
export function thin(n, size, need, draw) {
  const every = Math.max(1, Math.ceil(need / size));
  for (let i = n - 1; i >= 0; i -= every) draw(i, (i + 0.5) * size); // the newest always has its name
}

const MARKS = /[\u202a-\u202e\u2066-\u2069]/g; // of direction

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {string} s
 * @param {number} x
 * @param {number} y
 * @param {number} max
 * @param {string} color
 */
export function text(ctx, s, x, y, max, color) {
  ctx.fillStyle = color;
  const fits = (/** @type {string} */ shown) => ctx.measureText(shown).width <= max;
  let shown = s ?? "";
  const left = [...shown.replace(MARKS, "")]; // what is cut has no place for the end of an isolate
  while (left.length > 1 && !fits(shown)) {
    left.pop();
    shown = isolate(left.join("") + "…");
  }
  ctx.fillText(shown, x, y);
}

/** @param {CanvasRenderingContext2D} ctx @param {string} s @param {number} x @param {number} y */
export function sign(ctx, s, x, y) {
  ctx.save();
  ctx.font = `20px ${ctx.font.replace(/^.*px /, "")}`;
  ctx.fillText(s, x, y);
  ctx.restore();
}

/**
 * What the two stretches of the bracket under K^T are, in words: the new rows'
 * at the right end, the cached rows' at the left, as far as there is room.
 * @param {CanvasRenderingContext2D} ctx @param {Box} K @param {number} part
 * @param {{cached: string, fresh: string}} words @param {Record<string, string>} c
 */
function named(ctx, K, part, words, c) {
  const y = K.y + K.h + 14;
  const wide = (/** @type {string} */ s) => ctx.measureText(s).width;
  const right = K.x + Math.max(K.w, part < 1 && part > 0 ? 0 : wide(words.fresh));
  ctx.textAlign = "right";
  ctx.fillStyle = c.fresh;
  ctx.fillText(words.fresh, right, y);
  if (part === 0 || wide(words.cached) + wide(words.fresh) + 10 > right - K.x) return;
  ctx.textAlign = "left";
  ctx.fillStyle = c.cached;
  ctx.fillText(words.cached, K.x, y);
}

/**
 * A line along K or V: thin and dashed over cached rows, thick over new ones.
 * @param {CanvasRenderingContext2D} ctx @param {[number, number]} at @param {[number, number]} along
 * @param {number} cached @param {number} positions @param {Record<string, string>} c
 */
export function bracket(ctx, [x, y], [dx, dy], cached, positions, c) {
  const part = cached / positions;
  const line = (
    /** @type {number} */ from,
    /** @type {number} */ to,
    /** @type {string} */ color,
    /** @type {number} */ width,
    /** @type {number[]} */ dash,
  ) => {
    if (from >= to) return;
    ctx.strokeStyle = color;
    ctx.lineWidth = width;
    ctx.setLineDash(dash);
    ctx.beginPath();
    ctx.moveTo(x + dx * from, y + dy * from);
    ctx.lineTo(x + dx * to, y + dy * to);
    ctx.stroke();
    ctx.setLineDash([]);
  };
  line(0, part, c.cached, 2, [2, 2]);
  line(part, 1, c.fresh, 4, []);
}
