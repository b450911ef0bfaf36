// The map of a batch has a column for each pass, whatever its sequences do in it:
// under it, what was fed of the one that is looked at.

import { isolate } from "../../text.js";
import { seqName } from "../../facts/sequences.js";

/** @import { Peers, T, Token, With } from "../../types.js" */

/**
 * @param {CanvasRenderingContext2D} ctx @param {ReturnType<typeof import("./layout.js").timeline>} layout
 * @param {With<"peers">} frame @param {Record<string, string>} c
 * @param {{left: number, right: number, under: number}} room pixels: where columns begin and end, and where names do
 * @param {T} t
 */
export function drawBatchMap(ctx, layout, frame, c, { left, right, under }, t) {
  const { peers, step } = frame.meta;
  ctx.textBaseline = "alphabetic";
  ctx.fillStyle = c.muted;
  const says = t("timeline.batch", { Who: seqName(frame, peers.seq, t) });
  for (const text of [says, says.split(/[:：]/)[0]])
    if (ctx.measureText(text).width <= right - left) {
      ctx.fillText(text, left, 11);
      break;
    }
  if (!step) return;
  ctx.textBaseline = "top";
  const free = [0, 0]; // right edge of the last name in each of two lines
  for (const { pass, label, fresh } of fed(frame, t)) {
    const { x } = layout.column(pass);
    const w = ctx.measureText(label).width;
    const line = free.findIndex((edge) => x >= edge);
    if (line < 0 || x + w > right) continue;
    ctx.fillStyle = fresh ? c.ink : c.muted;
    ctx.fillText(label, x, under + 15 * line);
    free[line] = x + w + 6;
  }
}

/** Tokens of the prompt of whom is looked at. @param {Peers} peers */
const promptLength = ({ pass, seq }) => pass.find((p) => p.seq === seq)?.prompt ?? 0;

/**
 * What each pass fed of the sequence: a token by its name, a piece of the prompt
 * by its length; the newest token stands where it will be fed.
 * @param {With<"peers">} frame @param {T} t
 */
export function fed({ meta: { peers, tokens, step } }, t) {
  if (peers.again) return fedAgain(peers, peers.again, tokens, t);
  if (!step) return [];
  const sum = peers.fed.reduce((a, b) => a + b, 0);
  let at = step.cached + step.rows - sum; // what was in the cache when it came
  const prompt = promptLength(peers);
  /** @type {{pass: number, label: string, fresh: boolean}[]} */
  const names = [];
  peers.fed.forEach((n, pass) => {
    if (n)
      names.push({
        pass,
        label: n === 1 ? isolate(tokens[at][1]) : t("timeline.tokens", { Count: n }),
        fresh: at >= prompt,
      });
    at += n;
  });
  if (tokens.length > at) names.push({ pass: peers.fed.length, label: isolate(tokens[at][1]), fresh: true });
  return names;
}

/**
 * The same of a sequence that was preempted: what it recomputes has no names.
 * @param {Peers} peers
 * @param {number[]} recomputed by pass
 * @param {Token[]} tokens
 * @param {T} t
 */
function fedAgain(peers, recomputed, tokens, t) {
  const prompt = promptLength(peers);
  /** @type {{pass: number, label: string, fresh: boolean}[]} */
  const names = [];
  peers.fed.forEach((n, pass) => {
    const again = recomputed[pass];
    const at = peers.from?.[pass] ?? 0;
    if (again) names.push({ pass, label: t("timeline.again", { Count: again }), fresh: false });
    else if (n === 1) names.push({ pass, label: isolate(tokens[at]?.[1] ?? ""), fresh: at >= prompt });
    else if (n) names.push({ pass, label: t("timeline.tokens", { Count: n }), fresh: at >= prompt });
  });
  return names;
}
