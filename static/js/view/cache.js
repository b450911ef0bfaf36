// The KV cache as what it is: [layer, kv_head, position, head_dim], one mark
// for each cached row, growing by the rows that this step appended.

import { si } from "./format.js";
import { stamp } from "./matrix.js";
import { watchWidth } from "./width.js";

/** @param {HTMLElement} root @param {{repaint: () => void}} act */
export function createCache(root, act) {
  const canvas = /** @type {HTMLCanvasElement} */ (root.querySelector("canvas"));
  const width = watchWidth(canvas, act.repaint);
  const shape = /** @type {HTMLElement} */ (root.querySelector("[data-shape]"));
  const bytes = /** @type {HTMLElement} */ (root.querySelector("[data-bytes]"));
  const each = /** @type {HTMLElement} */ (root.querySelector("[data-each]"));
  /** @param {any} state */
  return function view({ frame, theme, t }) {
    if (!frame) return;
    const { kv, run, step } = frame.meta;
    const c = run.config;
    const held = Math.max(...kv.lens, 0);
    shape.textContent = t("cache.shape", { Shape: `[${c.layers}, ${c.kv_heads}, ${held}, ${c.head_dim}]` });
    bytes.textContent = si(kv.bytes, "B");
    bytes.dataset.value = String(kv.bytes);
    each.textContent = t("cache.each", { Bytes: kv.bytes_per_token });
    canvas.setAttribute("aria-label", t("cache.label", { Layers: c.layers, Heads: c.kv_heads, Tokens: held, Capacity: kv.capacity }));
    draw(canvas, width(), frame, theme, t);
  };
}

/**
 * @param {HTMLCanvasElement} canvas @param {number} width @param {any} frame
 * @param {import("./theme.js").Theme} theme @param {import("../text.js").T} t
 */
function draw(canvas, width, frame, theme, t) {
  const { kv, run, step, pick } = frame.meta;
  const { layers, kv_heads: heads } = run.config;
  const left = 30;
  const mark = Math.min(Math.max((width - left - 12) / 2 / kv.capacity, 1), 14); // pixels of one position
  const strip = heads > 4 ? 5 : 8;
  const block = heads * (strip + 1) + 8;
  const half = (width - left) / 2;
  const height = 18 + layers * block;
  const ratio = globalThis.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.setProperty("height", `${height}px`);
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  ctx.scale(ratio, ratio);
  ctx.font = theme.font;
  const c = theme.colors;
  const now = step && step.part === "layer" ? step.layer : -1;
  ctx.textBaseline = "middle";
  for (const [side, name] of ["cache_k", "cache_v"].entries()) {
    const tensor = frame.tensors[name];
    const x0 = left + side * half;
    ctx.fillStyle = c.muted;
    ctx.fillText(side ? "V" : "K", x0, 8);
    for (let l = 0; l < layers; l++) {
      const y0 = 18 + (layers - 1 - l) * block;
      if (side === 0) {
        ctx.fillStyle = l === pick.layer ? c.ink : c.muted;
        ctx.fillText(t("cache.layer", { Layer: l + 1 }), 0, y0 + (heads * (strip + 1)) / 2);
      }
      ctx.strokeStyle = c.line;
      ctx.lineWidth = 1;
      ctx.beginPath();
      for (let h = 0; h < heads; h++) ctx.rect(x0 + 0.5, y0 + h * (strip + 1) + 0.5, mark * kv.capacity - 1, strip - 1);
      ctx.stroke(); // room not yet used
      if (kv.lens[l] > 0) {
        const at = l * heads * tensor.shape[2];
        const grid = {
          rows: heads, cols: kv.lens[l], max: 255 / 0.749, signed: false,
          // never as pale as an empty place
          at: (/** @type {number} */ h, /** @type {number} */ p) => 85 + tensor.data[at + h * tensor.shape[2] + p],
        };
        stamp(ctx, grid, theme.sequential, { x: x0, y: y0, w: mark * kv.lens[l], h: heads * (strip + 1) - 1 });
        ctx.fillStyle = c.surface; // the gaps between heads and positions
        for (let h = 1; h < heads; h++) ctx.fillRect(x0, y0 + h * (strip + 1) - 1, mark * kv.lens[l], 1);
        if (mark > 4) for (let p = 1; p < kv.lens[l]; p++) ctx.fillRect(x0 + p * mark - 1, y0, 1, heads * (strip + 1));
      }
      if (l === now) { // what this step appended
        ctx.strokeStyle = c.fresh;
        ctx.lineWidth = 2;
        ctx.strokeRect(x0 + kv.before * mark - 1, y0 - 2, (kv.lens[l] - kv.before) * mark + 1, heads * (strip + 1) + 3);
      }
    }
  }
}
