// Over the rows of the cache picture: what was evicted is hatched, sinks have a
// bar, chosen ones a dot, and lines stand where a block ends.

import { goneBefore, stateOf } from "../../facts/policy-rows.js";

/** @import { Box, Frame } from "../../types.js" */

export const SIGNED = 4; // pixels of a position from which on there is room for a sign

/**
 * One layer of one side.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Frame} frame
 * @param {number} layer
 * @param {{x: number, y: number, mark: number, strip: number}} at
 * @param {Record<string, string>} c
 */
export function policyMarks(ctx, frame, layer, { x, y, mark, strip }, c) {
  const { kv, run, use } = frame.meta;
  const { block } = run.policy;
  const heads = run.config.kv_heads;
  const held = kv.lens[layer];
  if (block && use?.table)
    return blocks(ctx, use.table.length * block, block, held, { x, y, mark, h: heads * strip - 1 }, c);
  if (!frame.tensors.cache_gone) return;
  for (let h = 0; h < heads; h++) {
    for (let p = 0; p < held; p++) {
      const from = p;
      while (p < held && goneBefore(frame, layer, h, p)) p++;
      if (p > from)
        crossOut(
          ctx,
          { x: x + from * mark, y: y + h * strip, w: (p - from) * mark - (mark > 4 ? 1 : 0), h: strip - 1 },
          c,
        );
      if (p < held && mark >= SIGNED)
        sign(
          ctx,
          stateOf(frame, { layer, head: h, position: p }),
          { x: x + p * mark, y: y + h * strip, w: mark - 1, h: strip - 1 },
          c,
        );
    }
  }
}

/**
 * Rows side by side that were evicted: paper, with a few strokes.
 * @param {CanvasRenderingContext2D} ctx
 * @param {Box} b
 * @param {Record<string, string>} c
 */
function crossOut(ctx, b, c) {
  ctx.fillStyle = c.surface;
  ctx.fillRect(b.x, b.y, b.w, b.h);
  ctx.save();
  ctx.beginPath();
  ctx.rect(b.x, b.y, b.w, b.h);
  ctx.clip();
  ctx.strokeStyle = c.hatch;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (let at = Math.floor((b.x - b.h) / 6) * 6; at < b.x + b.w; at += 6) {
    // in one pattern, wherever a stretch begins
    ctx.moveTo(at, b.y + b.h);
    ctx.lineTo(at + b.h, b.y);
  }
  ctx.stroke();
  ctx.restore();
}

/** @param {CanvasRenderingContext2D} ctx @param {string} state @param {Box} b @param {Record<string, string>} c */
function sign(ctx, state, b, c) {
  if (state !== "sink" && state !== "chosen") return;
  ctx.fillStyle = c.surface;
  ctx.strokeStyle = c.ink;
  ctx.lineWidth = 1;
  ctx.beginPath();
  if (state === "sink") ctx.rect(b.x + 1, b.y + b.h / 2 - 1.5, b.w - 2, 3);
  else ctx.arc(b.x + b.w / 2, b.y + b.h / 2, Math.min(b.w, b.h) / 2 - 1, 0, 2 * Math.PI);
  ctx.fill();
  ctx.stroke();
}

/**
 * Empty slots hatched, and a line at the end of every block.
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} slots
 * @param {number} block
 * @param {number} held
 * @param {{x: number, y: number, mark: number, h: number}} at
 * @param {Record<string, string>} c
 */
function blocks(ctx, slots, block, held, { x, y, mark, h }, c) {
  if (slots > held) {
    ctx.save();
    ctx.beginPath();
    ctx.rect(x + held * mark, y, (slots - held) * mark, h);
    ctx.clip();
    ctx.strokeStyle = c.hatch;
    ctx.lineWidth = 1;
    ctx.beginPath();
    for (let at = x + held * mark - h; at < x + slots * mark; at += 5) {
      ctx.moveTo(at, y + h);
      ctx.lineTo(at + h, y);
    }
    ctx.stroke();
    ctx.restore();
  }
  if (mark * block < 5) return;
  ctx.fillStyle = c.ink;
  for (let p = block; p <= slots; p += block) ctx.fillRect(x + p * mark - 1.5, y - 2, 1.5, h + 4);
}
