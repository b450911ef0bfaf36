// Two runs side by side: where they part, what each says, what each has paid.

import { isolate } from "../../text.js";
import { percent, si } from "../../format.js";
import { parsePolicy, policyName } from "../../facts/policy.js";
import { unitOf } from "../../facts/counters.js";
import { el, parts, write } from "../../ui/dom.js";

/** @import { Compare, Frame, Integer, Outlays, Side, T } from "../../types.js" */

/** Where two runs part, and how likely each thought what they then said. @param {Frame} frame @param {T} t */
export function parted(frame, t) {
  const c = frame.meta.branches?.compare;
  if (!c?.sides) return "";
  const [a, b] = c.sides;
  if (!c.fork?.length) return t("branch.parted.not", { Same: c.same ?? 0, A: a.id, B: b.id });
  const [x, y] = c.fork;
  const p = (/** @type {number|null} */ v) => (v === null ? t("branch.unknown_p") : percent(v));
  const same = x.probs[0] !== null && x.probs[0] === x.probs[1] && y.probs[0] === y.probs[1];
  return t(same ? "branch.parted" : "branch.parted.two", {
    Same: c.same ?? 0,
    A: a.id,
    B: b.id,
    Token: x.label,
    Other: y.label,
    P: p(x.probs[0]),
    Q: p(y.probs[1]),
    PB: p(x.probs[1]),
    QA: p(y.probs[0]),
  });
}

/** @param {HTMLElement} root */
export function createCompare(root) {
  const part = parts(root);
  /** @param {Frame} frame @param {T} t @param {string} lang */
  return function view(frame, t, lang) {
    const c = frame.meta.branches?.compare;
    root.hidden = !c?.sides; // beside the picture of an op there is no room for it in the frame
    if (!c?.sides) return;
    const [a, b] = c.sides;
    part("beside").textContent = t("branch.beside", { A: a.id, B: b.id });
    const said = parted(frame, t);
    write(part("parted"), said);
    const prompt = frame.meta.run.recipe.prompt || (frame.meta.run.recipe.tokens ?? []).join(" ");
    part("texts").replaceChildren(
      ...c.sides.map((s) =>
        el(
          "figure",
          [
            el("figcaption", t("branch.name", { Run: s.id }) + (s.ended ? ` · ${t(`done.${s.ended}`)}` : "")),
            el(
              "p",
              [
                el("span", isolate(prompt), { class: "given" }),
                el("span", isolate(c.common ?? ""), { class: "common" }),
                el("b", isolate(s.text)),
              ],
              { dir: "auto" },
            ),
          ],
          { "data-side": String(s.id) },
        ),
      ),
    );
    totals(part("totals"), c, c.sides, frame, t, lang);
  };
}

/**
 * @param {HTMLElement} table @param {Compare} c @param {Side[]} sides both
 * @param {Frame} frame @param {T} t @param {string} lang
 */
function totals(table, { tokens, even: evens }, sides, frame, t, lang) {
  const unit = unitOf(frame);
  const [a, b] = sides;
  const count = (/** @type {number} */ n) => n.toLocaleString(lang);
  /** @type {[string, (o: Outlays, tokens: number) => [string, Integer]][]} */
  const rows = [
    ["tokens", (_, n) => [count(n), n]],
    ["passes", (o) => [count(o.passes), o.passes]],
    ["flops.cached", (o) => [o.flops[0] === null ? "–" : si(o.flops[0], unit), o.flops[0] ?? ""]],
    ["flops.uncached", (o) => [o.flops[1] === null ? "–" : si(o.flops[1], unit), o.flops[1] ?? ""]],
    ["read.cached", (o) => [o.read[0] === null ? "–" : si(o.read[0], "B"), o.read[0] ?? ""]],
    ["bytes", (o) => [si(o.bytes, "B"), o.bytes]],
  ];
  const spans = [{ name: "branch.far", of: sides.map((s) => ({ paid: s.paid, n: s.tokens })) }];
  // else it is the same
  if (a.tokens !== b.tokens && tokens && evens)
    spans.push({ name: "branch.even", of: evens.map((paid) => ({ paid, n: tokens })) });
  const head = el("thead", [
    el("tr", [
      el("td", ""),
      ...spans.map((s) => el("th", t(s.name, { Tokens: tokens }), { scope: "colgroup", colspan: "2" })),
    ]),
    el("tr", [
      el("td", ""),
      ...spans.flatMap(() => sides.map((s) => el("th", t("branch.name", { Run: s.id }), { scope: "col" }))),
    ]),
  ]);
  const caches =
    a.cache === b.cache
      ? []
      : [
          el("tr", [
            el("th", t("branch.total.cache"), { scope: "row" }),
            ...spans.flatMap(() => sides.map((s) => el("td", policyName(parsePolicy(s.cache), t)))),
          ]),
        ];
  const body = el("tbody", [
    ...caches,
    ...rows.map(([id, value]) =>
      el(
        "tr",
        [
          el("th", t(`branch.total.${id}`), { scope: "row" }),
          ...spans.flatMap(({ of }) =>
            of.map(({ paid, n }) => {
              const [text, raw] = value(paid, n);
              return el("td", text, { "data-value": String(raw) });
            }),
          ),
        ],
        { "data-total": id },
      ),
    ),
  ]);
  table.style.setProperty("--spans", String(spans.length));
  table.replaceChildren(head, body);
}
