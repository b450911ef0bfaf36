// What happened in a step of several sequences: a sentence for each event, and
// one for the sequence that is looked at.

import { chance } from "../../facts/candidates.js";
import { number, sentences, si } from "../../format.js";
import { cacheless } from "../../facts/lanes.js";
import { seqName, sumOf } from "../../facts/sequences.js";
import { metOf } from "../../facts/policy.js";
import { unitOf } from "../../facts/counters.js";

/** @import { Finished, PassEvent, Recipe, Step, T, With } from "../../types.js" */

/** @param {With<"peers">} frame @param {T} t @returns {string} */
export function batchSentence(frame, t) {
  const { step, peers, beams } = frame.meta;
  const answer = beams?.finished[beams.best]; // tells enough of the texts that the end has finished
  const events = peers.events
    .filter((e) => !answer || e.kind !== "finish")
    .filter((e, i, all) => e.kind !== "copy" || all.findIndex((x) => x.kind === "copy" && x.from === e.from) === i)
    .map((e) => event(frame, e, t));
  const over = step?.done ? [ended(frame, step, answer, t)] : [];
  return sentences(own(frame, t), ...events, ...over);
}

/**
 * How the run came to its end.
 * @param {With<"peers">} frame
 * @param {Step} step
 * @param {Finished|undefined} answer of a search, if it has one
 * @param {T} t
 */
function ended({ meta: { peers, run } }, step, answer, t) {
  // it never chose
  if (peers.kind === "beam" && !answer) return run.recipe.max_new === 0 ? "" : t(`say.done.${step.done}`);
  return t(`say.over.${peers.kind}`, {
    Passes: step.pass + 1,
    Text: answer?.text.trim(),
    Score: answer?.score.toFixed(3),
    Why: t(`done.${step.done}`),
  });
}

/** What this step did for the sequence that is looked at. @param {With<"peers">} frame @param {T} t */
function own(frame, t) {
  const { step, run, kv, top, tokens, peers, schedule } = frame.meta;
  if (!step)
    return t(`say.start.${peers.kind}`, {
      Count: schedule?.requests.length ?? 0,
      Width: run.recipe.sampler.width,
      Tokens: run.prompt_tokens,
    });
  const who = {
    Who: seqName(frame, peers.seq, t),
    Count: peers.pass.length,
    Layer: step.layer ?? 0,
    Pass: step.pass,
  };
  const T = step.cached + step.rows;
  if (step.part === "head") {
    const me = peers.pass.find((p) => p.seq === peers.seq);
    if (me?.token === undefined && T === me?.prompt && wanted(run.recipe, peers.seq) === 0)
      return t(cacheless(frame) ? "say.seq.alone.uncached" : "say.seq.alone", { ...who, Fed: T });
    if (me?.token === undefined && peers.again?.[step.pass]) return t("say.seq.recomputing", { ...who, Fed: T });
    if (me?.token === undefined)
      return t(peers.kind === "beam" ? (step.done ? "say.seq.ended" : "say.seq.dropped") : "say.seq.unfinished", {
        ...who,
        Fed: T,
        Prompt: me?.prompt,
      });
    return t(peers.kind === "beam" ? "say.seq.extends" : "say.seq.head", {
      ...who,
      Token: tokens[tokens.length - 1][1],
      Prob: chance(frame.meta, t),
    });
  }
  const all = { ...who, Rows: sumOf(frame.meta, (p) => p.rows) };
  const first = t("say.pass", all);
  const { kept, keys } = cacheless(frame) ? { kept: step.cached, keys: T } : metOf(run, step);
  const args = {
    ...who,
    Token: tokens[T - 1][1],
    Cached: kept,
    Keys: keys,
    New: step.rows,
    Masked: step.masked,
    Pairs: step.rows * keys,
    Again: step.cached,
    Bytes: (step.rows * number(kv.bytes_per_token)) / run.config.layers,
  };
  const mine = cacheless(frame) ? "say.seq.uncached" : step.rows === 1 ? "say.seq.one" : "say.seq.rows";
  return sentences(first, t(mine, args));
}

/** How many tokens a sequence may generate. @param {Recipe} recipe @param {number} seq */
const wanted = (recipe, seq) => recipe.batch?.requests?.[seq - 1]?.max_new ?? recipe.max_new;

/** One event in words. @param {With<"peers">} frame @param {PassEvent} e @param {T} t @returns {string} */
export function event(frame, e, t) {
  const Who = e.kind === "finish" ? "" : seqName(frame, e.seq, t);
  switch (e.kind) {
    case "join":
      return t(e.waited ? "event.join.waited" : "event.join", { Who, Count: e.prompt, Waited: e.waited });
    case "reuse":
      return t("event.reuse", { Who, Tokens: e.tokens, Prompt: e.prompt, Saved: e.saved, Unit: unitOf(frame) });
    case "chunk":
      return t("event.chunk", { Who, Rows: e.rows, Tokens: e.tokens, Prompt: e.prompt });
    case "preempt":
      return t(e.blocks ? "event.preempt" : "event.preempt.empty", {
        Who,
        Count: e.tokens ?? 0,
        Blocks: e.blocks ?? [],
      });
    case "recompute":
      return t("event.recompute", { Who, Count: e.rows, Paid: si(Number(e.paid ?? 0), unitOf(frame)) });
    case "leave":
      return t("event.leave", { Who, Count: e.tokens ?? 0, Why: t(`done.${e.why}`) });
    case "copy":
      return t("event.copy", {
        From: e.from ?? 0,
        To: frame.meta.peers.events
          .filter((x) => x.kind === "copy" && x.from === e.from)
          .map((x) => t("event.copy.to", { Block: x.to ?? 0, Who: seqName(frame, x.seq, t) })),
      });
    case "part":
      return t("event.part", { Who, Count: e.into });
    case "drop":
      return t("event.drop", { Who });
    case "finish":
      return t("event.finish", { Text: e.text?.trim(), Score: e.score?.toFixed(3), Why: t(`done.${e.why}`) });
  }
}
