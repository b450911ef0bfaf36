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

// Hanzi, kana, hangul, and the signs of full width that stand among them.
const UPRIGHT = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff00-\uffef]/u;

/**
 * A name along an axis, which ends at its foot. Letters are turned; a name with hanzi in it is read
 * downwards as in a book, every sign of them upright and only what stands between them turned.
 * @param {CanvasRenderingContext2D} ctx
 * @param {string} s
 * @param {number} x
 * @param {number} y of the foot
 * @param {number} max its height
 * @param {string} color
 */
export function along(ctx, s, x, y, max, color) {
  ctx.textAlign = "left";
  if (!UPRIGHT.test(s ?? "")) return turn(ctx, x, y, -1, () => text(ctx, s, 0, 0, max, color));
  const size = 1.05 * (parseFloat(/([\d.]+)px/.exec(ctx.font)?.[1] ?? "") || 12);
  const high = (/** @type {string} */ part) => (UPRIGHT.test(part) ? size : ctx.measureText(part).width);
  const all = signsOf(s);
  const shown = [...all];
  const room = () => shown.reduce((sum, part) => sum + high(part), 0);
  if (room() > max) {
    while (shown.length > 1 && room() + size > max) shown.pop();
    shown.push("⋮");
  }
  let top = y - room();
  ctx.fillStyle = color;
  for (const part of shown) {
    if (UPRIGHT.test(part) || part === "⋮") {
      ctx.textAlign = "center";
      ctx.fillText(part, x, top + size / 2);
      ctx.textAlign = "left";
    } else turn(ctx, x, top, 1, () => ctx.fillText(part, 0, 0));
    top += high(part);
  }
}

/**
 * Every upright sign of a name for itself, and what stands between two of them.
 * @param {string} s @returns {string[]}
 */
function signsOf(s) {
  const parts = /** @type {string[]} */ ([]);
  for (const c of s.replace(MARKS, "")) {
    const last = parts[parts.length - 1];
    if (last !== undefined && !UPRIGHT.test(last) && !UPRIGHT.test(c)) parts[parts.length - 1] = last + c;
    else parts.push(c);
  }
  return parts;
}

/**
 * Draws a quarter of a turn on, about a point.
 * @param {CanvasRenderingContext2D} ctx @param {number} x @param {number} y
 * @param {1|-1} way clockwise, or back @param {() => void} draw
 */
function turn(ctx, x, y, way, draw) {
  ctx.save();
  ctx.translate(x, y);
  ctx.rotate((way * Math.PI) / 2);
  draw();
  ctx.restore();
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
