// One sentence in plain words that says how a cell came to be, with its numbers.

import { opName } from "../../facts/matrices.js";
import { calcAt, calcOf, find } from "./calc.js";
import { brief } from "./exact.js";
import { percent, sentences } from "../../format.js";
import { goneFor } from "../../facts/policy-rows.js";
import { labels, stepName } from "./refs.js";

/** @import { Args, Explain, Frame, Kind, T } from "../../types.js" */

/** @param {Explain} e @param {string} name */
const made = (e, name) => brief(calcOf(e, name).value);
/** @param {Explain} e @param {number} i @param {number} k */
const arg = (e, i, k) => brief(calcAt(e, i).args[k].value);

/**
 * @param {Frame} frame @param {T} t @returns {string}
 */
export function reason(frame, t) {
  const e = frame.meta.explain;
  if (!e) return "";
  const { row, col } = labels(frame, e, t);
  const args = {
    Row: row,
    Col: col,
    Value: brief(e.value),
    Name: opName(e, t),
    A: e.reads[0] && opName(e.reads[0], t),
    B: e.reads[1] && opName(e.reads[1], t),
    N: e.sum?.n,
    Count: e.sum && (e.kind === "softmax" || e.op === "out") ? met(frame, e, e.sum.n) : e.sum?.n,
    Sum: e.sum && brief(e.sum.value),
    Pos: e.at.row_pos !== undefined ? e.at.row_pos : e.row,
    Gone: e.evicted === undefined ? undefined : stepName(e, e.evicted, t),
  };
  const [id, more] = KINDS[e.kind]?.(e, frame, t) ?? ["explain.weight", {}];
  const from = e.kind === "dot" || e.kind === "scaled" ? key(e, col, t) : "";
  const first = e.first === undefined ? "" : t("explain.first", { Where: stepName(e, e.first, t) });
  return sentences(t(id, { ...args, ...more }), from, e.kind === "stored" ? code(e, t) : "", first);
}

/**
 * Where the key of a score was: in the cache, or not any more, or in no cache.
 * @param {Explain} e @param {string} Col @param {T} t
 */
function key(e, Col, t) {
  const read = e.reads.find((l) => l.op === "K");
  if (!read) return "";
  if (e.evicted !== undefined) return t("explain.evicted", { Gone: stepName(e, e.evicted, t) });
  if (e.lane) return e.first === undefined ? t("explain.copy.row") : "";
  if (read.stored === undefined || read.stored === e.step) return "";
  return t("explain.from_cache", { Col, Where: stepName(e, read.stored, t) });
}

/** How a quantised number is kept; "" where it is kept as it was computed. @param {Explain} e @param {T} t */
function code(e, t) {
  const scaled = find(e, "scaled");
  if (!scaled) return "";
  const low = calcOf(e, "value").args[1].value;
  const number = find(e, "code");
  if (!number) return t("explain.stored.flat", { Low: brief(low) });
  const exact = calcOf(e, "above").args[0].value;
  return t("explain.stored.code", {
    Code: brief(number.value),
    Top: brief(number.args[1].value),
    Scale: brief(scaled.args[1].value),
    Plus: Number(low) < 0 ? `− ${brief(-Number(low))}` : `+ ${brief(low)}`,
    Value: brief(e.value),
    Exact: brief(exact),
    Error: brief(Math.abs(Number(e.value) - Number(exact)), 2),
  });
}

/**
 * How many tokens the query of a sum over them met: what the cache had evicted before adds nothing.
 * @param {Frame} frame
 * @param {Explain} e
 * @param {number} all that there are
 */
function met(frame, e, all) {
  let n = all;
  for (let p = 0; p < all; p++) if (goneFor(frame, e, p)) n--;
  return n;
}

/** @type {Partial<Record<Kind, (e: Explain, frame: Frame, t: T) => [string, Args]>>} */
const KINDS = {
  dot: (e) => [
    e.op === "dots"
      ? "explain.dot.pair"
      : e.op === "out"
        ? "explain.dot.mix"
        : e.op === "logits"
          ? "explain.dot.logit"
          : e.calc
            ? "explain.dot.biased"
            : "explain.dot.weight",
    { WRow: e.reads[1].row, Bias: e.calc && arg(e, 0, 1) },
  ],
  scaled: (e) => ["explain.scaled", { D: arg(e, 0, 0), Root: made(e, "root") }],
  rms: (e) => [
    "explain.rms",
    {
      X: brief(calcOf(e, "normed").args[0].value),
      Rms: made(e, "rms"),
      Gain: brief(calcAt(e, -1).args[1].value),
    },
  ],
  layernorm: (e) => [
    "explain.layernorm",
    {
      X: brief(calcOf(e, "centred").args[0].value),
      Mean: made(e, "mean"),
      Dev: made(e, "deviation"),
      Gain: brief(calcAt(e, -2).args[1].value),
      Bias: brief(calcAt(e, -1).args[1].value),
    },
  ],
  gelu: (e) => ["explain.gelu", { Up: arg(e, 0, 0), Gate: made(e, "gate") }],
  shared: (e) => ["explain.shared", { Pos: e.row }],
  turn: (e) => ["explain.turn", { I: e.reads[0].col, J: e.reads[1].col }],
  stored: (e, frame, t) => [
    e.evicted !== undefined
      ? "explain.stored.gone"
      : e.reads[0].step === e.step
        ? "explain.stored.now"
        : "explain.stored",
    { Where: stepName(e, e.reads[0].step, t) },
  ],
  mask: (e) => {
    // there if the cache evicts the key at some time
    const kept = find(e, "kept");
    const later = calcAt(e, 0).value !== "1";
    return [
      later
        ? "explain.mask.no"
        : !kept
          ? "explain.mask.yes"
          : kept.value === "1"
            ? "explain.mask.kept"
            : "explain.mask.gone",
      { Last: kept && brief(kept.args[1].value) },
    ];
  },
  softmax: (e) => [
    e.op !== "chances"
      ? "explain.softmax"
      : calcOf(e, "less").value === "0" // of all logits this is the largest
        ? "explain.chance.most"
        : "explain.chance",
    { Percent: percent(Number(e.value)) },
  ],
  copy: (e) => [
    e.op === "attn"
      ? "explain.copy.attn"
      : e.token !== undefined
        ? "explain.copy.embed"
        : e.op === "x"
          ? "explain.copy.x"
          : e.op === "K" || e.op === "V"
            ? "explain.copy.row"
            : "explain.copy.rope",
    { D: e.reads[0].col, Head: e.reads[0].head, ID: e.token, Before: e.steps[e.reads[0].step]?.layer },
  ],
  add: (e) => ["explain.add", { Left: arg(e, 0, 0), Right: arg(e, 0, 1) }],
  swiglu: (e) => ["explain.swiglu", { Gate: arg(e, 0, 0), Silu: made(e, "silu"), Up: arg(e, 4, 1) }],
  weight: (e) => [e.op === "embed" ? "explain.weight.embed" : "explain.weight", {}],
  table: (e) => ["explain.table", { Pair: e.col, Pos: e.row }],
};
