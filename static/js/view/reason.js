// One sentence in plain words that says how a cell came to be, with its numbers.

import { brief } from "./exact.js";
import { percent } from "./format.js";
import { labels, stepName } from "./refs.js";

/** @typedef {import("../text.js").T} T */

/** @param {any} e @param {string} name */
const made = (e, name) => brief(e.calc.find((/** @type {any} */ c) => c.name === name).value);
/** @param {any} e @param {number} i @param {number} k */
const arg = (e, i, k) => brief(e.calc[i].args[k].value);

/**
 * @param {any} frame @param {T} t @returns {string}
 */
export function reason(frame, t) {
  const e = frame.meta.explain;
  const { row, col } = labels(frame, e);
  const args = {
    Row: row, Col: col, Value: brief(e.value), Name: t("name." + e.op),
    A: e.reads[0] && t("name." + e.reads[0].op), B: e.reads[1] && t("name." + e.reads[1].op),
    N: e.sum?.n, Count: e.sum?.n, Sum: e.sum && brief(e.sum.value),
    Pos: e.at.row_pos !== undefined ? e.at.row_pos : e.row,
  };
  const [id, more] = (KINDS[e.kind] ?? (() => ["why.weight", {}]))(e, frame, t);
  const stored = e.kind === "dot" || e.kind === "scaled" ? e.reads.find((/** @type {any} */ l) => l.op === "K" && l.stored !== undefined && l.stored < e.step) : null;
  const from = stored ? " " + t("why.from_cache", { Col: col, Where: stepName(e, stored.stored, t), Pos: stored.at.row_pos + 1 }) : "";
  return t(id, { ...args, ...more }) + from;
}

/** @type {Record<string, (e: any, frame: any, t: T) => [string, Record<string, any>]>} */
const KINDS = {
  dot: (e) => [e.op === "dots" ? "why.dot.pair" : e.op === "out" ? "why.dot.mix" : e.op === "logits" ? "why.dot.logit" : "why.dot.weight", { WRow: e.reads[1].row }],
  scaled: (e) => ["why.scaled", { D: arg(e, 0, 0), Root: made(e, "root") }],
  rms: (e) => ["why.rms", { X: brief(e.calc.find((/** @type {any} */ c) => c.name === "normed").args[0].value), Rms: made(e, "rms"), Gain: brief(e.calc.at(-1).args[1].value) }],
  turn: (e) => ["why.turn", { I: e.reads[0].col, J: e.reads[1].col }],
  stored: (e, frame, t) => [e.reads[0].step === e.step ? "why.stored.now" : "why.stored", { Where: stepName(e, e.reads[0].step, t), Pos: e.row + 1 }],
  mask: (e) => [e.value === "1" ? "why.mask.yes" : "why.mask.no", { Key: arg(e, 0, 0), Query: arg(e, 0, 1) }],
  softmax: (e) => ["why.softmax", { Percent: percent(Number(e.value)) }],
  copy: (e) => [
    e.op === "attn" ? "why.copy.attn" : e.token !== undefined ? "why.copy.embed" : e.op === "x" ? "why.copy.x" : "why.copy.rope",
    { D: e.reads[0].col, Head: e.reads[0].head + 1, ID: e.token, Before: e.steps[e.reads[0].step]?.layer + 1 },
  ],
  add: (e) => ["why.add", { Left: arg(e, 0, 0), Right: arg(e, 0, 1) }],
  swiglu: (e) => ["why.swiglu", { Gate: arg(e, 0, 0), Silu: made(e, "silu"), Up: arg(e, 4, 1) }],
  weight: (e) => [e.op === "embed" ? "why.weight.embed" : "why.weight", {}],
  table: (e) => ["why.table", { Pair: e.col, Pos: e.row }],
};
