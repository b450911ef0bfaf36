// Speculative decoding at the cursor: what the draft proposed, one card for each
// row of the pass, what became of it, and how it has gone so far.

import { isolate } from "../../text.js";
import { number, percent, si } from "../../format.js";
import { cacheless } from "../../facts/lanes.js";
import { unitOf } from "../../facts/counters.js";
import { test } from "../../facts/verdicts.js";
import { bar, el, parts } from "../../ui/dom.js";
import { say, withTerms } from "../../ui/terms.js";

/** @import { Frame, Meta, Panel, SoFar, Speculation, State, T, Verdict } from "../../types.js" */

/**
 * @typedef {{kind: "given"|"guess"|"own", state: "stays"|"leaves"|"pending"|"said", label: string, row: number|null,
 * verdict: Verdict|null, tested: boolean}} Card row from 0
 */

/**
 * One card for each row of the pass, and one for the token that it gave.
 * @param {Meta} meta @returns {Card[]}
 */
export function cards({ speculation: s, step, tokens }) {
  if (!s?.proposed || !step) return [];
  const given = step.rows - s.proposed.length; // one, but for a prompt that is fed in pieces
  /** @type {Card[]} */
  const all = [];
  for (let i = 0; i < given; i++)
    all.push({
      kind: "given",
      state: "stays",
      label: tokens[step.cached + i][1],
      row: step.cached + i,
      verdict: null,
      tested: false,
    });
  s.proposed.forEach(([, label], i) => {
    const verdict = s.verdicts?.[i] ?? null;
    all.push({
      kind: "guess",
      state: !s.token ? "pending" : i < s.stays ? "stays" : "leaves",
      label,
      row: step.cached + given + i,
      verdict,
      tested: !!verdict,
    });
  });
  if (s.token && s.draws !== "proposal")
    all.push({ kind: "own", state: "said", label: s.token[1], row: null, verdict: null, tested: false });
  return all;
}

/** @type {Panel} */
export const panel = { id: "speculation", offline: true, create };

/** @param {HTMLElement} root */
function create(root) {
  const part = parts(root);
  let shown = /** @type {{frame: Frame, lang: string}|null} */ (null);
  /** @param {State} state */
  return function view({ frame, t, lang }) {
    const s = frame?.meta.speculation;
    root.hidden = !s;
    if (!s || (shown?.frame === frame && shown.lang === lang)) return;
    shown = { frame, lang };
    const all = cards(frame.meta);
    part("who").textContent = t("spec.who", { Draft: s.draft, Propose: s.propose });
    part("state").textContent = all.length
      ? ""
      : t(!frame.meta.step || frame.meta.step.phase === "prefill" ? "spec.prefill" : "spec.none");
    part("state").hidden = all.length > 0;
    part("cards").hidden = !all.length;
    part("past").textContent = t("spec.past", { Count: frame.meta.step?.cached ?? 0 });
    part("cards").replaceChildren(part("past"), ...all.map((c) => card(c, s, frame, t)));
    const f = s.so_far;
    numbers(part("numbers"), f, unitOf(frame), t, lang);
    const greedy = frame.meta.run.recipe.sampler.kind === "greedy";
    say(part("rule"), withTerms(t)(greedy ? "spec.rule.greedy" : "spec.rule"));
    part("worked").textContent = f.tested
      ? t("spec.worked", { A: (f.accepted / f.tested).toFixed(3), G: s.propose, E: f.expected.toFixed(2) })
      : "";
  };
}

/** @param {Card} c @param {Speculation} s @param {Frame} frame @param {T} t */
function card(c, s, frame, t) {
  const why = c.verdict ? (c.verdict.accepted ? " over" : " rejected") : " unused";
  const li = el("li", [], {
    class: `card ${c.kind} ${c.state}${c.kind === "guess" && c.state === "leaves" ? why : ""}`,
  });
  li.append(
    el("span", t(`spec.card.${c.kind}`), { class: "role" }),
    el("b", isolate(c.label), { class: "token", title: isolate(c.label) }),
  );
  const drawn = frame.meta.run.recipe.sampler.kind === "sample"; // greedy has all on one token: nothing to compare
  const says = /** @type {string[]} */ ([]);
  if (c.kind === "guess") {
    if (c.verdict && drawn) {
      li.append(bars(c.verdict, t));
      const [left, sign, right] = test(c.verdict).split(/ ([<≥] )/);
      li.append(el("span", left, { class: "test" }), el("span", sign + right, { class: "test" }));
    }
    says.push(t(`spec.${fate(c, s, frame)}`));
    if (c.verdict && !drawn) says.push(t(c.verdict.accepted ? "spec.likeliest" : "spec.likeliest.not"));
  }
  if (c.kind === "own")
    says.push(
      t(s.draws === "rest" && !drawn ? "spec.draws.rest.greedy" : `spec.draws.${s.draws}`),
      ...(!drawn || s.draws === "person" ? [] : [t("spec.random", { Random: s.random.toFixed(3) })]),
    );
  for (const text of says) li.append(el("span", text, { class: "says" }));
  if (!cacheless(frame))
    li.append(
      el(
        "span",
        c.row === null ? t("spec.row.none") : t(c.state === "leaves" ? "spec.row.leaves" : "spec.row", { Row: c.row }),
        { class: "row" },
      ),
    );
  return li;
}

/** What became of a proposal. @param {Card} c @param {Speculation} s @param {Frame} frame */
function fate({ verdict, state, row }, s, { meta: { step } }) {
  if (!verdict) return state === "pending" ? "pending" : "untested";
  if (!verdict.accepted) return "rejected";
  if (state === "stays") return "accepted";
  const ends = s.draws === "proposal" && row === (step?.cached ?? 0) + 1 + s.stays;
  return ends ? "accepted.ends" : "accepted.over";
}

/** p and q side by side, on one scale. @param {{p: number, q: number}} v @param {T} t */
function bars({ p, q }, t) {
  const lines = /** @type {[string, number][]} */ ([
    ["q", q],
    ["p", p],
  ]).map(([name, value]) =>
    el("span", [bar(value), el("em", t(`spec.${name}`)), el("span", percent(value))], { class: name }),
  );
  return el("span", lines, { class: "bars" });
}

/**
 * The counters: what was measured, counted, and modelled.
 * @param {HTMLElement} into
 * @param {SoFar} f
 * @param {string} unit
 * @param {T} t
 * @param {string} lang
 */
function numbers(into, f, unit, t, lang) {
  const per = (/** @type {number} */ x) =>
    x.toLocaleString(lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  /** @type {[string, string, string, number|string][]} id, value, how it came about, raw */
  const rows = [
    [
      "accepted",
      f.tested ? `${percent(f.accepted / f.tested)} (${f.accepted} / ${f.tested})` : "–",
      "counted",
      f.tested ? f.accepted / f.tested : "",
    ],
    ...(f.over ? /** @type {typeof rows} */ ([["over", String(f.over), "counted", f.over]]) : []),
    [
      "tokens",
      f.passes ? `${per(f.tokens / f.passes)} (${f.tokens} / ${f.passes})` : "–",
      "counted",
      f.passes ? f.tokens / f.passes : "",
    ],
    ["expected", f.expected ? per(f.expected) : "–", "modelled", f.expected],
    ["saved", String(f.tokens - f.passes), "counted", f.tokens - f.passes],
    ["draft", si(f.draft, unit), "counted", number(f.draft)],
    ["rejected", si(f.rejected, unit), "counted", number(f.rejected)],
    ["model", si(f.model, unit), "counted", number(f.model)],
  ];
  into.replaceChildren(
    ...rows.map(([id, value, kind, raw]) =>
      el("div", [
        el("dt", t(`spec.number.${id}`)),
        el("dd", value, { "data-value": String(raw), "data-number": id }),
        el("dd", t(`kind.${kind}`), { class: `quiet kind ${kind}` }),
      ]),
    ),
  );
}
