// How the token of a head step was chosen: the sentence, the table of the
// distribution after every filter, and the draw on the cumulative line.

import { isolate } from "../../text.js";
import { createOpen } from "../../ui/open.js";
import { candidates } from "../../facts/candidates.js";
import { percent, shares } from "../../format.js";
import { createDraw, place } from "./draw.js";
import { bar, el, parts } from "../../ui/dom.js";
import { say, withTerms } from "../../ui/terms.js";

/** @import { Choice, Frame, Host, Meta, Option, Panel, Sampler, Stage, State, T } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "sampling", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const part = parts(root);
  const details = /** @type {HTMLDetailsElement} */ (root.querySelector("details"));
  const table = /** @type {HTMLTableElement} */ (root.querySelector("table"));
  const [says, none, body, note, figure] = ["says", "none", "body", "note", "draw"].map(part);
  const panel = createOpen(details, "choice", act);
  const draw = createDraw(figure);
  let shown = /** @type {[Choice?, T?]} */ ([]); // what the table shows
  /** @param {State} state */
  return function view(state) {
    panel(state);
    const { frame, t, lang } = state;
    root.hidden = frame?.meta.run.recipe.sampler.kind === "beam"; // the tree shows how those are chosen
    const choice = frame?.meta.choice;
    says.hidden = !choice;
    if (frame && choice) say(says, sentence(frame, withTerms(t), lang));
    if (!details.open || !frame) return;
    none.hidden = !!choice;
    none.textContent = t(
      frame.meta.speculation?.token
        ? "choice.draft"
        : frame.meta.run.recipe.max_new === 0
          ? "choice.alone"
          : "choice.none",
    );
    body.hidden = !choice?.options;
    if (!choice?.options || (shown[0] === choice && shown[1] === t)) return;
    shown = [choice, t];
    const { sampler } = frame.meta.run.recipe;
    fill(table, choice, choice.options, sampler, t);
    const drawn = sampler.kind === "sample";
    figure.hidden = !drawn;
    if (drawn) draw(choice, t);
    const words = withTerms(t);
    say(note, drawn ? words("choice.seed", { Seed: String(sampler.seed) }) : words("choice.greedy_note"));
  };
}

/** The setting of a filter, by its name. @param {Sampler} sampler @param {Stage} stage */
const setting = (sampler, { filter }) => /** @type {Partial<Record<string, number|string>>} */ (sampler)[filter];

/** A filter and its setting. @param {Stage} stage @param {Sampler} sampler @param {T} t */
const title = (stage, sampler, t) =>
  [t(`choice.stage.${stage.filter}`), setting(sampler, stage)].filter((x) => x !== undefined).join(" ");

/** How likely the sampler's token was, as the list of tokens says it. @param {Meta} meta @param {Choice} choice */
const chance = (meta, { token, prob }) => candidates(meta).find((c) => c.id === token)?.says ?? percent(prob);

/** @param {Frame} frame @param {T} t @param {string} lang */
export function sentence(frame, t, lang) {
  const { choice, run, tokens } = frame.meta;
  const { sampler } = run.recipe;
  if (!choice) return "";
  const said = choice.stages.slice(1).map((s, i) => {
    const Value = String(setting(sampler, s));
    if (s.say) return t(`choice.say.${s.say}`, { Value, Token: choice.label, Prob: chance(frame.meta, choice) });
    if (s.possible === choice.stages[i].possible) return t("choice.say.nothing", { Filter: title(s, sampler, t) });
    return t("choice.say.cut", {
      Filter: title(s, sampler, t),
      Possible: s.possible,
      Before: choice.stages[i].possible,
      Kept: percent(s.kept),
    });
  });
  if (sampler.kind === "sample") {
    said.push(
      t("choice.say.draw", {
        Random: place(choice.random, choice),
        Token: choice.label,
        From: place(choice.from, choice),
        To: place(choice.to, choice),
      }),
    );
  }
  if (choice.forced) said.push(t("choice.say.forced", { Token: tokens[tokens.length - 1][1] }));
  return said.join(lang === "zh" ? "" : " ");
}

/**
 * One row a token, one column a stage.
 * @param {HTMLTableElement} table
 * @param {Choice} choice
 * @param {Option[]} options
 * @param {Sampler} sampler
 * @param {T} t
 */
function fill(table, choice, options, sampler, t) {
  const stages = choice.stages.map((s) => ({ ...s, probs: s.probs ?? [] })); // with options they are there
  const most = Math.max(...stages.flatMap((s) => s.probs));
  const drawn = sampler.kind === "sample";
  const narrows = (/** @type {number} */ i) => i > 0 && stages[i].possible < stages[i - 1].possible;
  const head = el("tr", [
    el("th", t("choice.token"), { scope: "col" }),
    ...stages.map((s, i) =>
      el(
        "th",
        [
          el("b", title(s, sampler, t)),
          " ",
          el("small", i === 0 || narrows(i) ? t("choice.left", { Count: s.possible }) : ""),
          " ",
          el("small", narrows(i) ? t("choice.kept", { Kept: percent(s.kept) }) : ""),
        ],
        { scope: "col" },
      ),
    ),
    ...(drawn ? [el("th", t("choice.on_line"), { scope: "col", class: "stretch" })] : []),
  ]);
  const rest = stages.map((s) => s.possible - s.probs.filter((p) => p > 0).length);
  const says = stages.map((s, j) => shares([...s.probs, rest[j] ? Math.max(0, 1 - sum(s.probs)) : 0]));
  const rows = options.map((o, i) => {
    const chosen = o.id === choice.token;
    const name = [isolate(o.label), el("span", chosen ? ` (${t("top.chosen")})` : "", { class: "spoken" })];
    const cells = stages.map((s, j) => probability(s.probs[i], says[j][i], most, t, s.scores ? o.logit : null));
    const stretch = o.to > o.from ? `${place(o.from, o)}–${place(o.to, o)}` : "";
    return el(
      "tr",
      [el("th", name, { scope: "row" }), ...cells, ...(drawn ? [el("td", stretch, { class: "stretch" })] : [])],
      { class: chosen ? "chosen" : stretch ? "" : "out", "data-id": String(o.id) },
    );
  });
  const others = el(
    "tr",
    [
      el("th", t("choice.others"), { scope: "row" }),
      ...rest.map((Count, j) =>
        el("td", [Count ? `${says[j][options.length]} ` : "–", el("small", Count ? t("choice.left", { Count }) : "")]),
      ),
      ...(drawn ? [el("td")] : []),
    ],
    { class: "others" },
  );
  table.style.setProperty("--stages", String(stages.length));
  table.replaceChildren(el("thead", head), el("tbody", [...rows, others]));
}

const sum = (/** @type {number[]} */ all) => all.reduce((a, b) => a + b, 0);

/**
 * A probability as a bar and a number.
 * @param {number} p
 * @param {string} says
 * @param {number} most
 * @param {T} t
 * @param {[number, number]|null} [logit] before and after the penalty, where that changed it
 */
function probability(p, says, most, t, logit) {
  const dropped = [el("span", "–", { "aria-hidden": "true" }), el("span", t("top.dropped"), { class: "spoken" })];
  const change = logit && `${logit[0].toFixed(2)} → ${logit[1].toFixed(2)}`;
  return el(
    "td",
    [
      ...(p === 0 ? dropped : [says]),
      ...(change ? [" ", el("small", change, { title: t("choice.logit") })] : []),
      bar(p / most),
    ],
    { class: p === 0 ? "gone" : "", "data-prob": String(p) },
  );
}
