// Rows of a draft's proposals in the picture of the cache: dashed as long as
// nothing is decided, struck through where they are about to leave.

/** @import { Frame, Meta, T } from "../../types.js" */
/** @import { Plan } from "./plan.js" */

/**
 * Where such rows begin, and whether they leave; null where there are none.
 * @param {Meta} meta @returns {{from: number, leave: boolean}|null}
 */
export function guessed({ speculation: s, step }) {
  if (!s?.proposed || !step) return null;
  const first = step.cached + step.rows - s.proposed.length;
  if (!s.token) return { from: first, leave: false };
  return s.stays < s.proposed.length ? { from: first + s.stays, leave: true } : null;
}

/** @param {Frame} frame @param {T} t */
export function key(frame, t) {
  const g = guessed(frame.meta);
  return g ? " · " + t(g.leave ? "spec.cache.leaves" : "spec.cache.pending") : "";
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Plan} layout
 * @param {Meta} meta
 * @param {Record<string, string>} c
 */
export function markGuesses(ctx, layout, meta, c) {
  const g = guessed(meta);
  if (!g) return;
  const { layers, kv_heads: heads } = meta.run.config;
  const tall = heads * layout.strip - 1;
  for (const side of [0, 1]) {
    for (let l = 0; l < layers; l++) {
      const n = meta.kv.lens[l] - g.from;
      if (n <= 0) continue;
      const x = layout.x(side) + g.from * layout.mark;
      const y = layout.y(side, l);
      if (g.leave) {
        ctx.globalAlpha = 0.72;
        ctx.fillStyle = c.surface;
        ctx.fillRect(x, y, n * layout.mark, tall);
        ctx.globalAlpha = 1;
      }
      ctx.setLineDash(g.leave ? [] : [3, 2]);
      ctx.lineWidth = g.leave ? 2 : 1.5;
      ctx.strokeStyle = g.leave ? c.bad : c.ink;
      ctx.beginPath();
      if (g.leave) {
        ctx.moveTo(x, y + tall / 2);
        ctx.lineTo(x + n * layout.mark, y + tall / 2);
      } else ctx.rect(x, y - 0.5, n * layout.mark - 1, tall + 1);
      ctx.stroke();
      ctx.setLineDash([]);
    }
  }
}
