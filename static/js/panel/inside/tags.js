// Names in a picture of many numbers: the likeliest tokens among all of the vocabulary.

import { isolate } from "../../text.js";
import { VOCAB } from "../../wire/triangle.js";
import { toPlate } from "../../ui/plate.js";

/** @import { Frame, Plate, Theme } from "../../types.js" */

const NAMED = 3;

/**
 * Where the likeliest tokens stand in the folded row, the chosen one first;
 * none unless the picture is of the step whose candidates the frame has.
 * @param {Frame} frame @returns {{id: number, label: string, chosen: boolean}[]}
 */
export function likeliest({ meta: { step, pick, top, op } }) {
  if (!VOCAB.has(op?.id ?? "") || step?.part !== "head" || pick.from !== step.n) return [];
  const order = [...(top ?? [])].sort((a, b) => Number(b.chosen) - Number(a.chosen));
  return order.slice(0, NAMED).map(({ id, label, chosen }) => ({ id, label: isolate(label), chosen: !!chosen }));
}

/**
 * A ring around each, and its name beside it where no other stands.
 * @param {HTMLCanvasElement} canvas
 * @param {Plate} plate
 * @param {ReturnType<typeof likeliest>} tokens
 * @param {Theme} theme
 */
export function tags(canvas, plate, tokens, theme) {
  const ctx = canvas.getContext("2d");
  if (!ctx || !tokens.length) return;
  const [cw, ch] = [plate.w / plate.cols, plate.h / plate.rows];
  const c = theme.colors;
  ctx.font = theme.font;
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  /** @type {{x: number, y: number, w: number}[]} */
  const taken = [];
  for (const { id, label, chosen } of tokens) {
    const at = toPlate(plate, 0, id);
    if (at.row >= plate.rows) continue;
    const [x, y] = [plate.x + at.col * cw, plate.y + at.row * ch];
    for (const [color, line] of /** @type {[string, number][]} */ ([
      [c.surface, 5],
      [c.ink, chosen ? 2.5 : 1.25],
    ])) {
      ctx.strokeStyle = color;
      ctx.lineWidth = line;
      ctx.strokeRect(x - 1, y - 1, cw + 1, ch + 1);
    }
    const w = ctx.measureText(label).width + 8;
    const left = x + cw + 4 + w > plate.x + plate.w ? x - 4 - w : x + cw + 4;
    if (taken.some((o) => Math.abs(o.y - y) < 17 && left < o.x + o.w && o.x < left + w)) continue;
    taken.push({ x: left, y, w });
    ctx.globalAlpha = 0.92;
    ctx.fillStyle = c.surface;
    ctx.fillRect(left, y + ch / 2 - 9, w, 18);
    ctx.globalAlpha = 1;
    ctx.fillStyle = chosen ? c.ink : c.muted;
    ctx.fillText(label, left + 4, y + ch / 2 + 0.5);
  }
}
