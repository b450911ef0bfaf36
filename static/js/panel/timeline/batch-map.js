// The map of a batch has a column for each pass, whatever its sequences do in it.

import { seqName } from "../../facts/sequences.js";

/** @import { T, With } from "../../types.js" */

/**
 * @param {CanvasRenderingContext2D} ctx @param {With<"peers">} frame @param {Record<string, string>} c
 * @param {{left: number, right: number}} room pixels: where columns begin and end
 * @param {T} t
 */
export function drawBatchMap(ctx, frame, c, { left, right }, t) {
  ctx.textBaseline = "alphabetic";
  ctx.fillStyle = c.muted;
  const says = t("timeline.batch", { Who: seqName(frame, frame.meta.peers.seq, t) });
  const text = [says, says.split(/[:：]/)[0]].find((s) => ctx.measureText(s).width <= right - left);
  if (text) ctx.fillText(text, left, 11);
}
