// Draws the chart of a run: axes with units, curves, dots, names at the lines.

import { round, spread } from "./chart.js";
import { si } from "../../format.js";
import { LANES } from "../../facts/lanes.js";
import { counted } from "./series.js";
import { blank, show } from "../../ui/canvas.js";

/** @import { Frame, LaneName, T, Tensor, Theme } from "../../types.js" */
/** @import { Chart } from "./chart.js" */

/** @typedef {{lane: LaneName, kind: "ahead"|"paid"|"dense"|"modelled", values: Tensor["data"]}} Series */

/** Pixels; beside a lesson that has the whole page there is less room. */
export const tall = () => (globalThis.document?.documentElement?.dataset.first ? 136 : 230);
const DASHES = /** @type {Record<string, number[]>} */ ({ dense: [2, 4], modelled: [6, 4] });

/**
 * A round number, without the zeros of its precision: "50.0 MB" -> "50 MB".
 * @param {number} tick
 * @param {string} unit
 */
const mark = (tick, unit) =>
  si(tick, unit)
    .replace(/(\.\d*?)0+ /, "$1 ")
    .replace(". ", " ");

/**
 * Pixels that the widest number of the axis needs.
 * @param {HTMLCanvasElement} canvas
 * @param {string} font
 * @param {number} most
 * @param {string} unit
 */
export function axisRoom(canvas, font, most, unit) {
  const ctx = canvas.getContext("2d");
  if (!ctx) return 60;
  ctx.font = font;
  return Math.ceil(Math.max(...round(most, 4).map((tick) => ctx.measureText(mark(tick, unit)).width))) + 10;
}

/**
 * @param {HTMLCanvasElement} canvas @param {number} width @param {Chart} layout
 * @param {Series[]} rows @param {number|null} at
 * @param {{frame: Frame, theme: Theme, t: T, unit: string}} with_
 */
export function draw(canvas, width, layout, rows, at, { frame, theme, t, unit }) {
  const { history: info, schedule } = frame.meta;
  const ctx = blank(canvas, width, tall());
  show(canvas, { height: tall() });
  if (!ctx || !info) return;
  ctx.font = theme.font;
  ctx.textBaseline = "middle";
  const c = theme.colors;
  const { whole, first } = info;
  frameOf(ctx, layout, info, unit, t, c, !!schedule);
  if (at !== null) {
    ctx.fillStyle = c.line;
    ctx.fillRect(layout.x(at) - 1, layout.top, 2, layout.bottom - layout.top);
  }
  const ran = (/** @type {LaneName} */ lane) => (/** @type {number} */ point) =>
    lane === "cached" || !counted(frame, point);
  // in prefill both lanes' points are one, and the smaller stands upon the larger
  for (const { lane, kind, values } of [...rows].sort((a, b) => LANES.indexOf(b.lane) - LANES.indexOf(a.lane))) {
    ctx.strokeStyle = ctx.fillStyle = kind === "dense" ? c.muted : c[lane];
    if (kind === "paid") dots(ctx, layout, values, lane, whole, ran(lane), c);
    else line(ctx, layout, values, first, DASHES[kind] ?? []);
  }
  labels(ctx, layout, rows, first, t, c);
}

/**
 * The axes, with their units.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Chart} layout
 * @param {{points: number, first: number}} info
 * @param {string} unit
 * @param {T} t
 * @param {Record<string, string>} c
 * @param {boolean} even a batch: no pass is all prefill
 */
function frameOf(ctx, layout, { points, first }, unit, t, c, even) {
  for (const tick of layout.ticks) {
    const y = Math.round(layout.y(tick)) + 0.5;
    ctx.fillStyle = c.line;
    ctx.fillRect(layout.left, y - 0.5, layout.right - layout.left, 1);
    ctx.fillStyle = c.muted;
    ctx.textAlign = "right";
    ctx.fillText(mark(tick, unit), layout.left - 5, y);
  }
  ctx.fillStyle = c.surface; // prefill and decode are two stretches
  if (!even) ctx.fillRect(layout.gap - 2, layout.top - 8, 4, layout.bottom - layout.top + 16);
  ctx.fillStyle = c.muted;
  ctx.textAlign = "center";
  // Passes are numbered under their middles: first points make one pass.
  const passes = Math.ceil(points / first);
  const every = Math.max(1, Math.ceil((passes - 1) / 6));
  const number = (/** @type {number} */ p) =>
    ctx.fillText(String(p), layout.x(p * first + (first - 1) / 2), layout.bottom + 9);
  for (let p = 0; p < passes; p += p === 0 ? 1 : p === 1 && every > 1 ? every - 1 : every) number(p);
  ctx.textAlign = "left";
  if (!even) ctx.fillText(t("where.prefill"), layout.left - 8, layout.bottom + 23);
  ctx.textAlign = "right";
  if (passes > 1) ctx.fillText(t(even ? "schedule.pass" : "history.axis"), layout.right, layout.bottom + 23);
}

/**
 * One stroke for prefill, one for decode.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Chart} layout
 * @param {ArrayLike<number>} values
 * @param {number} first
 * @param {number[]} dash
 */
function line(ctx, layout, values, first, dash) {
  ctx.lineWidth = 1.25;
  ctx.setLineDash(dash);
  ctx.beginPath();
  for (let i = 0; i < values.length; i++)
    ctx[i === 0 || i === first ? "moveTo" : "lineTo"](layout.x(i), layout.y(values[i]));
  ctx.stroke();
  ctx.setLineDash([]);
  // a stroke of one point is a dash
  if (first === 1) ctx.fillRect(layout.x(0) - 6, layout.y(values[0]) - 0.75, 12, 1.5);
}

/**
 * What each point took: dots with a cache, diamonds without; hollow where the lane was only
 * counted, pale where a pass is not over.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Chart} layout
 * @param {ArrayLike<number>} values
 * @param {string} lane
 * @param {boolean} whole
 * @param {(point: number) => boolean} ran
 * @param {Record<string, string>} c
 */
function dots(ctx, layout, values, lane, whole, ran, c) {
  const r = Math.max(1.2, Math.min(3.2, layout.dx / 2.6));
  ctx.lineWidth = 1.5;
  for (let p = 0; p < values.length; p++) {
    if (Number.isNaN(values[p])) continue; // nobody measured it
    ctx.globalAlpha = p === values.length - 1 && !whole ? 0.5 : 1;
    const [x, y] = [layout.x(p), layout.y(values[p])];
    ctx.beginPath();
    if (lane === "cached") ctx.arc(x, y, r, 0, 2 * Math.PI);
    else diamond(ctx, x, y, r + 1.6);
    if (ran(p)) {
      ctx.fill();
      continue;
    }
    ctx.save();
    ctx.fillStyle = c.surface;
    ctx.fill();
    ctx.restore();
    ctx.stroke();
  }
  ctx.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} ctx @param {number} x @param {number} y @param {number} r */
function diamond(ctx, x, y, r) {
  ctx.moveTo(x, y - r);
  ctx.lineTo(x + r, y);
  ctx.lineTo(x, y + r);
  ctx.lineTo(x - r, y);
  ctx.closePath();
}

/**
 * The lines' names, at their right ends.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Chart} layout
 * @param {Series[]} rows
 * @param {number} first
 * @param {T} t
 * @param {Record<string, string>} c
 */
function labels(ctx, layout, rows, first, t, c) {
  const timed = rows.every((r) => r.kind === "paid");
  const last = (/** @type {Series} */ r) => r.values.findLastIndex((x) => x >= 0);
  const named = rows.filter((r) => last(r) >= 0 && (timed || r.kind !== "paid"));
  const end = (/** @type {Series} */ r) => r.values.slice(Math.max(0, last(r) + 1 - first), last(r) + 1);
  const at = (/** @type {Series} */ r) => layout.y(Math.max(...end(r).filter((x) => x >= 0))); // of the last pass
  const ys = spread(
    named.map((r) => at(r) - 10),
    13,
    layout.top - 4,
    layout.bottom - 8,
  );
  ctx.textAlign = "right";
  named.forEach((r, i) => {
    const x = timed ? Math.max(layout.x(last(r)) - 8, layout.left + 96) : layout.right;
    const text = t(r.kind === "dense" ? "history.dense" : `lane.${r.lane}`);
    ctx.lineWidth = 3;
    ctx.strokeStyle = c.surface;
    ctx.strokeText(text, x, ys[i]);
    ctx.fillStyle = r.kind === "dense" ? c.muted : c[r.lane];
    ctx.fillText(text, x, ys[i]);
  });
}
