// Draws the map of the whole run: a row for each layer, the choice of a token
// on top, a column for each token; flags and dots are bookmarks and breakpoints.

import { join } from "./join.js";
import { isBatch } from "../../facts/sequences.js";
import { fullAt } from "../../facts/policy.js";
import { drawBatchMap } from "./batch-map.js";
import { timeline as geometry } from "./layout.js";
import { blank, density } from "../../ui/canvas.js";

/** @import { Box, Frame, Meta, Run, Step, T, Theme } from "../../types.js" */

/**
 * Room around the map: for the names of the rows beside it, of the two phases over it; pixels.
 * @typedef {{left: number, top: number, map: number}} Around
 */

const WIDE = { left: 40, top: 16, map: 34 };
const SLIM = { left: 4, top: 3, map: 25 }; // on a phone a map alone, as timeline.css has it

/** Where the map stands in this window. @returns {Around} */
export const frameOfMap = () => (globalThis.matchMedia?.("(max-width: 760px)").matches ? SLIM : WIDE);

/** @param {number} width @param {Meta} meta of a frame @param {Around} [around] the map */
export function place(width, meta, { left, top, map } = WIDE) {
  const { run, schedule } = meta;
  const { layers } = run.config;
  const size = { width, height: map, left, top, layers };
  const passes = Math.ceil((run.ended ? run.recorded : run.length) / (layers + 1));
  const made = geometry(
    schedule // no pass is all prefill or all decode
      ? { ...size, prompt: 1, passes: Math.max(passes, 1), even: true }
      : { ...size, prompt: run.prompt_tokens, passes: Math.max(run.recipe.max_new, 1), adds: adds(meta) },
  );
  return { ...made, left, top, map };
}

/**
 * Tokens of each decode pass where a draft proposes: those that it kept, and one
 * for each that is still to come. @param {Meta} meta @returns {number[]|undefined}
 */
function adds({ speculation, run }) {
  if (!speculation) return undefined;
  const { kept } = speculation;
  const left = run.ended ? 0 : run.recipe.max_new - 1 - kept.reduce((sum, n) => sum + n, 0);
  return [...kept, ...Array(Math.max(left, 0)).fill(1)];
}

/** The breakpoint that a row of the gutter stands for. @param {number} part @param {number} layers */
export const rowPoint = (part, layers) => (part === layers ? "token" : `layer:${part}`);

/**
 * Steps at which breakpoints are known to stop: those of every pass, and the
 * hits that the server has found.
 * @param {Meta} meta @param {number} steps how many are shown
 * @returns {number[]}
 */
export function stops({ breaks, run }, steps) {
  const found = new Set((breaks?.hits ?? []).map(([step]) => step));
  const layers = run.config.layers;
  for (let part = 0; part <= layers; part++) {
    if (!breaks?.points.includes(rowPoint(part, layers))) continue;
    for (let n = part; n < steps; n += layers + 1) found.add(n);
  }
  return [...found].sort((a, b) => a - b);
}

/**
 * @param {HTMLCanvasElement} canvas @param {number} width @param {ReturnType<typeof place>} layout
 * @param {Frame} frame @param {Theme} theme @param {T} t
 */
export function draw(canvas, width, layout, frame, theme, t) {
  const ctx = blank(canvas, width, layout.top + layout.map);
  if (!ctx) return;
  const { run, step, marks } = frame.meta;
  const c = theme.colors;
  const layers = run.config.layers;
  const shown = Math.min(run.ended ? run.recorded : run.length, layout.shown * (layers + 1));
  ctx.font = theme.font;
  const slim = layout.top < WIDE.top; // there is no room for words
  if (!slim) gutter(ctx, layout, layers, frame.meta.breaks?.points ?? [], c, t);
  cells(ctx, layout, run, step, shown, c, !!frame.meta.schedule);
  if (slim) wall(ctx, layout, frame.meta, c);
  else if (isBatch(frame)) drawBatchMap(ctx, frame, c, { left: layout.left, right: width }, t);
  else {
    phases(ctx, layout, run, c, t);
    wall(ctx, layout, frame.meta, c, t);
  }
  for (const n of stops(frame.meta, shown)) dot(ctx, middle(layout.box(n), 2), Math.min(layout.unit / 4, 2.5), c);
  for (const n of marks ?? []) if (n < shown) flag(ctx, layout.box(n), Math.max(layout.top, 11), c);
}

/** @param {Box} b @param {number} inset */
const middle = (b, inset) => ({ x: b.x + b.w / 2, y: b.y + b.h / 2, inset });

/**
 * @param {CanvasRenderingContext2D} ctx @param {ReturnType<typeof place>} layout @param {Run} run
 * @param {Step|null} step
 * @param {number} shown @param {Record<string, string>} c @param {boolean} even a batch
 */
function cells(ctx, layout, run, step, shown, c, even) {
  const layers = run.config.layers;
  const inset = layout.unit > 5 ? 1 : 0.25;
  for (let n = 0; n < shown; n++) {
    const b = layout.box(n);
    const head = n % (layers + 1) === layers;
    const done = step && n <= step.n;
    ctx.fillStyle = done ? (head ? c.fresh : c.cached) : n < run.recorded ? c.line : c.surface;
    ctx.globalAlpha = done && n !== step.n ? 0.45 : 1;
    ctx.fillRect(b.x + inset, b.y + 0.5, Math.max(b.w - 2 * inset, 0.5), b.h - 1);
    ctx.globalAlpha = 1;
    if (n >= run.recorded && layout.unit > 5) {
      ctx.strokeStyle = c.line;
      ctx.lineWidth = 1;
      ctx.strokeRect(b.x + inset + 0.5, b.y + 1, b.w - 2 * inset - 1, b.h - 2);
    }
  }
  if (even) return void (step && frameOf(ctx, layout.box(step.n), c));
  // Prefill is one step a layer, over all the tokens of the prompt at once.
  const first = layout.box(0);
  ctx.fillStyle = c.surface;
  if (layout.unit > 4)
    for (let i = 1; i < run.prompt_tokens; i++)
      ctx.fillRect(first.x + i * layout.unit - 0.5, layout.top + layout.tall, 1, layout.map - layout.tall);
  if (!step) return;
  if (step.n >= layers && run.recipe.max_new > 1) join(ctx, layout, layers, layout.top + layout.map, c.fresh);
  frameOf(ctx, layout.box(step.n), c);
}

/**
 * The step that the cursor is at.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Box} b
 * @param {Record<string, string>} c
 */
function frameOf(ctx, b, c) {
  ctx.strokeStyle = c.ink;
  ctx.lineWidth = 2;
  ctx.strokeRect(b.x + 0.5, b.y, Math.max(b.w - 1, 2), b.h);
}

/**
 * Names of the rows, each with its breakpoint: a click sets or removes it.
 * @param {CanvasRenderingContext2D} ctx @param {ReturnType<typeof place>} layout @param {number} layers
 * @param {string[]} points @param {Record<string, string>} c @param {T} t
 */
function gutter(ctx, layout, layers, points, c, t) {
  const font = ctx.font;
  ctx.font = font.replace(/^[\d.]+px/, `${Math.min(parseFloat(font), 10)}px`);
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (let part = 0; part <= layers; part++) {
    const y = layout.top + layout.map - (part + 0.5) * layout.tall;
    const set = points.includes(rowPoint(part, layers));
    ctx.fillStyle = set ? c.ink : c.muted;
    if ((layers - part) % Math.ceil(9 / layout.tall) === 0)
      ctx.fillText(part === layers ? t("timeline.head") : t("timeline.layer", { Layer: part }), layout.left - 5, y);
    if (set) dot(ctx, { x: 5, y }, Math.min(layout.tall / 2 - 0.5, 4), c);
  }
  ctx.textAlign = "left";
  ctx.font = font;
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {ReturnType<typeof place>} layout
 * @param {Run} run
 * @param {Record<string, string>} c
 * @param {T} t
 */
function phases(ctx, layout, run, c, t) {
  ctx.fillStyle = c.muted;
  ctx.textBaseline = "alphabetic";
  const prefill = layout.column(0);
  fit(ctx, t("timeline.prefill"), prefill.x, prefill.w - 8);
  if (run.recipe.max_new > 1)
    fit(
      ctx,
      t(run.recipe.draft ? "timeline.decode.draft" : "timeline.decode"),
      layout.column(1).x,
      layout.unit * (run.recipe.max_new - 1),
    );
}

/**
 * The words, or as much of them before a colon as there is room for.
 * @param {CanvasRenderingContext2D} ctx
 * @param {string} s
 * @param {number} x
 * @param {number} room
 */
function fit(ctx, s, x, room) {
  for (const text of [s, s.split(/[:：]/)[0]])
    if (ctx.measureText(text).width <= room) return ctx.fillText(text, x, 11);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {{x: number, y: number}} at
 * @param {number} r
 * @param {Record<string, string>} c
 */
function dot(ctx, { x, y }, r, c) {
  ctx.beginPath();
  ctx.arc(x, y, Math.max(r, 1), 0, 2 * Math.PI);
  ctx.fillStyle = c.bad;
  ctx.fill();
  ctx.strokeStyle = c.surface;
  ctx.lineWidth = 1;
  ctx.stroke();
}

/**
 * Where memory will be full: a wall before the pass of the token that has no room.
 * @param {CanvasRenderingContext2D} ctx
 * @param {ReturnType<typeof place>} layout
 * @param {Meta} meta
 * @param {Record<string, string>} c
 * @param {T} [t] says so, where there is room
 */
function wall(ctx, layout, meta, c, t) {
  const at = fullAt(meta);
  if (at === null || (meta.run.ended && meta.run.ended !== "memory")) return; // the run never came to it
  const pass = at + 1 - meta.run.prompt_tokens;
  const x = layout.token(at) - (pass > 0 ? 1 : 0);
  if (pass <= 0) {
    // the rest of the prompt is not read
    const prefill = layout.column(0);
    ctx.fillStyle = c.surface;
    ctx.globalAlpha = 0.8;
    ctx.fillRect(x, layout.top, prefill.x + prefill.w - x, layout.map);
    ctx.globalAlpha = 1;
  }
  ctx.fillStyle = c.bad;
  ctx.fillRect(x - 1.5, layout.top - 4, 3, layout.map + 8);
  if (!t) return;
  const said = t("memory.wall", { Token: at });
  const w = ctx.measureText(said).width;
  // beside the wall, where the run will not come
  const from = x + 12 + w < ctx.canvas.width / density() ? x + 6 : x - w - 12;
  ctx.textBaseline = "middle";
  ctx.fillStyle = c.surface;
  ctx.fillRect(from - 2, layout.top + layout.map / 2 - 9, w + 8, 18);
  ctx.fillStyle = c.bad;
  ctx.fillText(said, from + 2, layout.top + layout.map / 2);
}

/**
 * A flag above the column, its pole down to the step.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Box} b
 * @param {number} foot where it ends, pixels
 * @param {Record<string, string>} c
 */
function flag(ctx, b, foot, c) {
  const x = b.x + Math.min(b.w / 2, 8);
  ctx.beginPath();
  ctx.moveTo(x, foot - 10);
  ctx.lineTo(x + 9, foot - 6);
  ctx.lineTo(x, foot - 2);
  ctx.closePath();
  ctx.strokeStyle = c.surface;
  ctx.lineWidth = 3;
  ctx.stroke();
  ctx.fillStyle = c.ink;
  ctx.fill();
  ctx.fillRect(x - 0.75, foot - 10, 1.5, b.y + b.h / 2 - foot + 10);
}
