// What stands around matrices: token names, the brackets that part cached from new, the signs of formulas.

import { isolate } from "../text.js";

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
