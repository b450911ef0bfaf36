// The timeline: the whole run as a map of passes and layers, and a slider over it.

import { timeline as geometry } from "./layout.js";
import { watchWidth } from "./width.js";
import { join } from "./join.js";

/**
 * @param {HTMLElement} root a [role=slider] with a canvas and a row for labels
 * @param {{seek: (n: number) => void, repaint: () => void}} act
 */
export function createTimeline(root, act) {
  const canvas = /** @type {HTMLCanvasElement} */ (root.querySelector("canvas"));
  /** @type {ReturnType<typeof geometry>|null} */
  let layout = null;
  const width = watchWidth(canvas, act.repaint);
  let last = -1;
  let length = 0;
  let dragging = false;
  const go = (/** @type {number} */ n) => {
    n = Math.min(Math.max(n, -1), length - 1);
    if (n !== last) act.seek((last = n));
  };
  const point = (/** @type {PointerEvent} */ e) => {
    const box = canvas.getBoundingClientRect();
    if (layout) go(layout.at(e.clientX - box.left, Math.min(e.clientY - box.top, MAP)));
  };
  canvas.addEventListener("pointerdown", (e) => {
    dragging = true;
    canvas.setPointerCapture(e.pointerId);
    point(e);
  });
  canvas.addEventListener("pointermove", (e) => dragging && point(e));
  canvas.addEventListener("pointerup", () => (dragging = false));
  root.addEventListener("keydown", (e) => {
    const move = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 6, PageDown: -6 }[e.key];
    const to = e.key === "Home" ? -1 : e.key === "End" ? length - 1 : move ? last + move : null;
    if (to === null || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    e.stopPropagation();
    go(to);
  });

  /** @param {any} state */
  return function view({ frame, theme, t }) {
    if (!frame) return;
    const { run, step } = frame.meta;
    const layers = run.config.layers;
    const passes = run.recipe.max_new;
    length = run.ended ? run.recorded : run.length;
    last = step ? step.n : -1;
    root.setAttribute("aria-valuemin", "-1");
    root.setAttribute("aria-valuemax", String(length - 1));
    root.setAttribute("aria-valuenow", String(last));
    root.setAttribute("aria-valuetext", step ? where(step, t) : t("timeline.start"));
    layout = geometry({ width: width(), height: MAP, layers, prompt: run.prompt_tokens, passes });
    draw(canvas, width(), layout, frame, theme);
  };
}

const MAP = 44; // pixels of the map; names stand beneath it
const NAMES = 40;

/** @param {any} step @param {import("../text.js").T} t */
export function where(step, t) {
  const pass = t(step.phase === "prefill" ? "where.prefill" : "where.decode", { Pass: step.pass });
  return pass + " · " + (step.layer === null ? t("where.head") : t("where.layer", { Layer: step.layer + 1 }));
}

/**
 * @param {HTMLCanvasElement} canvas @param {number} width @param {ReturnType<typeof geometry>} layout
 * @param {any} frame @param {import("./theme.js").Theme} theme
 */
function draw(canvas, width, layout, frame, theme) {
  const ratio = globalThis.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round((MAP + NAMES) * ratio);
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  ctx.scale(ratio, ratio);
  const { run, step, tokens } = frame.meta;
  const c = theme.colors;
  const layers = run.config.layers;
  const inset = layout.unit > 5 ? 1 : 0.25;
  const shown = run.ended ? run.recorded : run.length;
  for (let n = 0; n < shown; n++) {
    const b = layout.box(n);
    const head = n % (layers + 1) === layers;
    ctx.fillStyle = step && n <= step.n ? (head ? c.fresh : c.cached) : n < run.recorded ? c.line : c.surface;
    ctx.globalAlpha = step && n <= step.n && n !== step.n ? 0.45 : 1;
    ctx.fillRect(b.x + inset, b.y + 0.5, Math.max(b.w - 2 * inset, 0.5), b.h - 1);
    ctx.globalAlpha = 1;
    if (n >= run.recorded && layout.unit > 5) {
      ctx.strokeStyle = c.line;
      ctx.strokeRect(b.x + inset + 0.5, b.y + 1, b.w - 2 * inset - 1, b.h - 2);
    }
  }
  if (step) {
    const b = layout.box(step.n);
    ctx.strokeStyle = c.ink;
    ctx.lineWidth = 2;
    ctx.strokeRect(b.x + 0.5, b.y, Math.max(b.w - 1, 2), b.h);
  }
  if (step && step.n >= layers && run.recipe.max_new > 1) join(ctx, layout, layers, MAP, c.fresh);
  ctx.font = theme.font;
  names(ctx, layout, run, tokens, c);
}

/**
 * Prompt tokens under the block of prefill, generated ones under the pass that
 * reads them; the newest stands where the next pass will be.
 * @param {CanvasRenderingContext2D} ctx @param {ReturnType<typeof geometry>} layout
 * @param {any} run @param {[number, string][]} tokens @param {Record<string, string>} c
 */
function names(ctx, layout, run, tokens, c) {
  ctx.textBaseline = "top";
  let free = 0; // right edge of the last name, where names would overlap they move to the second line
  let free2 = 0;
  tokens.forEach(([, label], i) => {
    const pass = Math.max(0, i - run.prompt_tokens + 1);
    const column = layout.column(pass);
    const x = pass === 0 ? column.x + layout.unit * i : column.x;
    const w = ctx.measureText(label).width + 6;
    ctx.fillStyle = i < run.prompt_tokens ? c.muted : c.ink;
    if (x >= free) {
      ctx.fillText(label, x, MAP + 4);
      free = x + w;
    } else if (x >= free2) {
      ctx.fillText(label, x, MAP + 20);
      free2 = x + w;
    }
  });
}
