// Numbers of the run that cards say: each by the name that stands in a message, where the frame
// has it from, and the place of the page where it is seen. A number that a moment does not have
// is undefined, and so is the line that needs it.

import { chosen } from "../../facts/candidates.js";
import { total, unitOf } from "../../facts/counters.js";
import { keptOf, metOf } from "../../facts/policy.js";
import { passOf, sumOf } from "../../facts/sequences.js";
import { number, si } from "../../format.js";

/** @import { Counters, Frame, Meta } from "../../types.js" */

/**
 * @typedef {{of: (meta: Meta) => number|string|null|undefined, see: string,
 * text?: (x: number, frame: Frame) => string}} Shown text: how it is written, where that is not a plain number
 */

/** @param {number} x @param {Frame} frame */
const operations = (x, frame) => si(x, unitOf(frame));
const bytes = (/** @type {number} */ x) => si(x, "B");

/** What the lane with the cache paid, or the other one where it runs alone. @param {Meta["ledger"]["step"]} lanes */
const first = ({ cached, uncached }) => cached ?? uncached;

/** So far, at the end of a pass alone: before that a pass is not paid. @param {Meta} meta @returns {Counters|null} */
const whole = ({ step, ledger }) => (step?.part === "head" ? first(ledger.total) : null);

/** Tokens that decode passes with a draft gave. @param {Meta} meta */
const guessed = (meta) => (whole(meta) && meta.speculation?.so_far.passes ? meta.speculation.so_far : null);

/** @param {Meta} meta */
const least = ({ modelled }) => modelled?.step.cached ?? modelled?.step.uncached;

/** What all sequences of the pass come to. @param {(pass: {rows: number, cached: number}, meta: Meta) => number} of */
const ofPass = (of) => (/** @type {Meta} */ meta) =>
  passOf(meta).length ? sumOf(meta, (p) => of(p, meta)) : undefined;

/** Pairs of the pass that the mask forbids: of each new row the later ones. */
export const masked = ofPass((p) => (p.rows * (p.rows - 1)) / 2);

/** Of one token, by its policy. @param {Meta} meta */
const each = ({ kv }) => number(kv.bytes_per_token) || undefined;

/** @type {Record<string, Shown>} */
export const NUMBERS = {
  Prompt: { of: ({ run }) => run.prompt_tokens, see: "timeline" },
  Rows: { of: ofPass((p) => p.rows), see: "stage-Q" },
  Cached: { of: ofPass((p, { run }) => metOf(run, p).kept), see: "cache" },
  Tokens: { of: ofPass((p) => p.cached + p.rows), see: "stage-K" },
  Masked: { of: masked, see: "stage-probs" },
  Pairs: { of: ofPass((p, { run }) => p.rows * metOf(run, p).keys), see: "stage-scores" },
  Layers: { of: ({ run }) => run.config.layers, see: "layers" },
  Heads: { of: ({ run }) => run.config.heads, see: "heads" },
  KVHeads: { of: ({ run }) => run.config.kv_heads, see: "cache-shape" },
  HeadDim: { of: ({ run }) => run.config.head_dim, see: "stage-Q" },
  Vocab: { of: ({ run }) => run.config.vocab, see: "tokens" },
  Sides: { of: () => ["K", "V"].length, see: "cache" },
  NumberBytes: {
    of: (meta) => {
      const { layers, kv_heads, head_dim } = meta.run.config;
      return (each(meta) ?? NaN) / (["K", "V"].length * layers * kv_heads * head_dim) || undefined;
    },
    see: "memory",
  },
  TokenBytes: { of: each, see: "cache-bytes" },
  MHABytes: { of: (meta) => times(each(meta), meta.run.config.heads / meta.run.config.kv_heads), see: "cache-bytes" },
  MQABytes: { of: (meta) => times(each(meta), 1 / meta.run.config.kv_heads), see: "cache-bytes" },
  HeldTokens: { of: ({ kv, run }) => keptOf(run, Math.max(...kv.lens, 0)), see: "cache" },
  Held: { of: ({ kv }) => number(kv.bytes), see: "cache-bytes" },
  Sequences: { of: ({ peers }) => peers?.pass.length, see: "memory" },
  HeldByAll: { of: ({ peers }) => by(peers?.held), see: "memory" },
  Bits: { of: ({ run }) => run.policy.bits || undefined, see: "memory" },
  Capacity: { of: ({ kv }) => kv.capacity, see: "memory" },
  Needs: { of: (meta) => times(each(meta), meta.kv.capacity), see: "memory", text: bytes },
  Budget: { of: ({ use }) => use?.budget && number(use.budget), see: "memory", text: bytes },
  Fits: { of: ({ use }) => (use?.budget ? use.fits : undefined), see: "memory" },
  Keeps: { of: ({ run }) => run.policy.keeps?.reduce((a, b) => a + b, 0), see: "memory" },
  TotalCached: { of: ({ ledger }) => total(ledger.total.cached) || undefined, see: "ledger", text: operations },
  TotalUncached: { of: ({ ledger }) => total(ledger.total.uncached) || undefined, see: "ledger", text: operations },
  StepFlops: { of: (meta) => by(least(meta)?.flops), see: "ledger", text: (x) => si(x, "FLOP") },
  StepBytes: { of: (meta) => by(least(meta)?.bytes), see: "counters", text: bytes },
  Intensity: { of: (meta) => ratio(by(least(meta)?.flops), by(least(meta)?.bytes)), see: "counters" },
  Ridge: { of: ({ modelled }) => ratio(modelled?.peak, modelled?.bandwidth), see: "counters" },
  Device: { of: ({ modelled }) => modelled?.device, see: "counters" },
  SpecTokens: { of: (meta) => guessed(meta)?.tokens, see: "speculation" },
  SpecPasses: { of: (meta) => guessed(meta)?.passes, see: "speculation" },
  PassBytes: { of: (meta) => ratio(read(meta), (meta.step?.pass ?? 0) + 1), see: "counters", text: bytes },
  SpecBytes: { of: (meta) => ratio(read(meta), (guessed(meta)?.tokens ?? NaN) + 1), see: "counters", text: bytes },
  SpecFlops: {
    of: (meta) => ratio(total(whole(meta)) || undefined, (guessed(meta)?.tokens ?? NaN) + 1),
    see: "ledger",
    text: operations,
  },
  Rejected: { of: (meta) => by(guessed(meta)?.rejected), see: "speculation", text: operations },
  Draft: { of: (meta) => by(guessed(meta)?.draft), see: "speculation", text: operations },
  Token: { of: (meta) => chosen(meta)?.label, see: "tokens" },
  Prob: { of: (meta) => chosen(meta)?.share, see: "tokens", text: (_, { meta }) => chosen(meta)?.says ?? "" },
  Possible: { of: ({ choice }) => choice?.stages.at(-1)?.possible, see: "sampling" },
  Draw: { of: ({ choice }) => choice?.random, see: "sampling", text: (x) => x.toFixed(3) },
};

/** Weights that were read so far. @param {Meta} meta */
const read = (meta) => by(whole(meta)?.weight_bytes);

/** @param {number|string|undefined} x */
const by = (x) => (x === undefined ? undefined : number(x));

/** @param {number|undefined} x @param {number} n */
const times = (x, n) => (x === undefined ? undefined : x * n);

/** @param {number|undefined} a @param {number|undefined} b */
const ratio = (a, b) => (a && b ? a / b : undefined);

/** How a number is written. @param {string} name @param {Frame} frame @param {string} lang */
export function written(name, frame, lang) {
  const { of, text } = NUMBERS[name];
  const x = of(frame.meta);
  if (typeof x !== "number") return x ?? "";
  return text ? text(x, frame) : x.toLocaleString(lang, { maximumFractionDigits: x < 10 ? 3 : x < 100 ? 1 : 0 });
}
