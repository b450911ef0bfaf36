// What a pass cost with the cache and without it; at the end of the run, what all of it did.

import { si } from "../../format.js";
import { cacheless, waits } from "../../facts/lanes.js";
import { keptOf, metOf } from "../../facts/policy.js";
import { sumOf } from "../../facts/sequences.js";
import { draftPaid, total, unitOf } from "../../facts/counters.js";

/** @import { Frame, LaneName, T } from "../../types.js" */

/** @param {Frame} frame at the head's step @param {T} t @returns {string[]} at most two sentences */
export function passSays(frame, t) {
  const { step, run, speculation } = frame.meta;
  if (!step) return [];
  if (step.done) return [whole(frame, t), ended(frame, t)];
  const Count = sumOf(frame.meta, (p) => p.rows);
  const All = sumOf(frame.meta, (p) => p.cached + p.rows);
  const args = { Count, All, ...costs(frame, "pass", t) };
  const held = All - Count;
  const { lanes } = run.recipe;
  if (speculation?.proposed && !cacheless(frame)) return [verdict(frame, t), drafted(frame, "pass", t)];
  if (cacheless(frame))
    return held
      ? [t("sentence.pass.uncached", args), t("sentence.pass.again", { Count: held })]
      : [t("sentence.pass.prefill.one", args), t("sentence.uncached.kept")];
  const alike = args.Cost === args.Without; // else the cache has evicted some of the prompt on the way
  if (!held && (alike || lanes === "cached" || waits(frame.meta))) {
    const Kept = sumOf(frame.meta, (p) => keptOf(run, p.cached + p.rows));
    return [
      t(lanes === "cached" || waits(frame.meta) ? "sentence.pass.prefill.one" : "sentence.pass.prefill", args),
      t(Kept < Count ? "sentence.pass.held.some" : "sentence.pass.held", { Count, Kept }),
    ];
  }
  const without =
    lanes === "cached" ? "sentence.pass.cached" : waits(frame.meta) ? "sentence.pass.would" : "sentence.pass.without";
  return [
    t("sentence.pass", args),
    t(without, { ...args, Count: lanes === "cached" ? sumOf(frame.meta, (p) => metOf(run, p).kept) : All }),
  ];
}

/** @param {string} id @param {string} lanes of a recipe @returns {string} the message about the lanes that there are */
const alone = (id, lanes) => (lanes === "cached" || lanes === "uncached" ? `${id}.one` : id);

/** What both lanes paid. @param {Frame} frame @param {"pass"|"total"} span @param {T} t */
function costs(frame, span, t) {
  const lanes = frame.meta.ledger[span];
  const of = (/** @type {LaneName} */ lane) => si(total(lanes[lane]), unitOf(frame));
  return { Cost: of(cacheless(frame) ? "uncached" : "cached"), Without: of("uncached") };
}

/** The whole run, in its last step. @param {Frame} frame @param {T} t */
const whole = (frame, t) =>
  draftPaid(frame.meta, "total")
    ? drafted(frame, "total", t)
    : t(alone("sentence.run", frame.meta.run.recipe.lanes), costs(frame, "total", t));

/** What the model and the draft paid. @param {Frame} frame @param {"pass"|"total"} span @param {T} t */
const drafted = (frame, span, t) =>
  t(alone(`sentence.draft.${span}`, frame.meta.run.recipe.lanes), {
    ...costs(frame, span, t),
    Draft: si(draftPaid(frame.meta, span) ?? 0, unitOf(frame)),
  });

/** Why the run is over. @param {Frame} frame @param {T} t */
function ended({ meta: { step, run, peers, beams, top } }, t) {
  const answer = beams?.finished[beams.best];
  if (answer) return t("sentence.over.beam", { Score: answer.score.toFixed(3), Why: t(`done.${step?.done}`) });
  if (peers?.kind === "batch") return t("sentence.over.batch", { Count: (step?.pass ?? 0) + 1 });
  if (run.recipe.max_new === 0) return t("sentence.over.prefill");
  if (!top?.length) return t("sentence.over.none", { Count: step?.rows }); // there was no memory for the whole prompt
  return t(`say.done.${step?.done}`);
}

/** What became of a draft's proposals. @param {Frame} frame @param {T} t */
function verdict({ meta: { speculation } }, t) {
  const { proposed = [], verdicts = [], stays = 0, draws, token } = speculation ?? {};
  const at = verdicts.findIndex((v) => !v.accepted);
  const Accepted = at < 0 ? verdicts.length : at;
  const args = { Proposed: proposed.length, Accepted, Count: stays + 1, Token: token?.[1] };
  if (draws === "person") return t("sentence.verdict.person", args);
  return t(at < 0 && draws !== "proposal" ? "sentence.verdict.all" : "sentence.verdict", args);
}
