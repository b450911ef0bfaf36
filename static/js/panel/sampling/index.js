// How the token of a head step was chosen: the sentence, the table of the
// distribution after every filter, and the draw on the cumulative line.

import { isolate } from "../../text.js";
import { createPanel } from "../../ui/open.js";
import { percent } from "../../format.js";
import { createDraw, place } from "./draw.js";

/** @import { Frame, Host, Panel, State, T } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "sampling", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (root.querySelector(`[data-${name}]`));
  const details = /** @type {HTMLDetailsElement} */ (root.querySelector("details"));
  const table = /** @type {HTMLTableElement} */ (root.querySelector("table"));
  const [says, none, body, note, figure] = ["says", "none", "body", "note", "draw"].map(part);
  const panel = createPanel(details, "choice", act);
  const draw = createDraw(figure);
  /** @type {any[]} what the table shows */
  let shown = [];
  /** @param {State} state */
  return function view(state) {
    panel(state);
    const { frame, t, lang } = state;
    root.hidden = frame?.meta.run.recipe.sampler.kind === "beam"; // the tree shows how those are chosen
    const choice = frame?.meta.choice ?? null;
    says.hidden = !choice;
    if (choice) says.textContent = sentence(frame, t, lang);
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
    if (body.hidden || (shown[0] === choice && shown[1] === t)) return;
    shown = [choice, t];
    const { sampler } = frame.meta.run.recipe;
    fill(table, choice, sampler, t);
    const drawn = sampler.kind === "sample";
    figure.hidden = !drawn;
    if (drawn) draw(choice, t);
    note.textContent = drawn ? t("choice.seed", { Seed: String(sampler.seed) }) : t("choice.greedy_note");
  };
}

/** A filter and its setting. @param {any} stage @param {any} sampler @param {T} t */
const title = (stage, sampler, t) =>
  [t(`choice.stage.${stage.filter}`), sampler[stage.filter]].filter((x) => x !== undefined).join(" ");

/** @param {Frame} frame @param {T} t @param {string} lang */
export function sentence(frame, t, lang) {
  const { choice, run, tokens } = frame.meta;
  const { sampler } = run.recipe;
  const said = choice.stages.slice(1).map((s, i) => {
    const Value = String(sampler[s.filter]);
    if (s.say) return t(`choice.say.${s.say}`, { Value, Token: choice.label, Prob: percent(choice.prob) });
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

/** @param {string} tag @param {object} props @param {(Node|string)[]} children */
function el(tag, props, ...children) {
  const e = Object.assign(document.createElement(tag), props);
  e.append(...children);
  return e;
}

/**
 * One row a token, one column a stage.
 * @param {HTMLTableElement} table
 * @param {any} choice
 * @param {any} sampler
 * @param {T} t
 */
function fill(table, choice, sampler, t) {
  const { stages, options } = choice;
  const most = Math.max(...stages.flatMap((s) => s.probs));
  const drawn = sampler.kind === "sample";
  const head = el(
    "tr",
    {},
    el("th", { scope: "col", textContent: t("choice.token") }),
    ...stages.map((s, i) =>
      el(
        "th",
        { scope: "col" },
        el("b", { textContent: title(s, sampler, t) }),
        " ",
        el("small", {
          textContent: i === 0 || s.possible < stages[i - 1].possible ? t("choice.left", { Count: s.possible }) : "",
        }),
        " ",
        el("small", {
          textContent: i > 0 && s.possible < stages[i - 1].possible ? t("choice.kept", { Kept: percent(s.kept) }) : "",
        }),
      ),
    ),
    ...(drawn ? [el("th", { scope: "col", className: "stretch", textContent: t("choice.on_line") })] : []),
  );
  const rows = options.map((o, i) => {
    const tr = el(
      "tr",
      { className: o.id === choice.token ? "chosen" : o.to > o.from ? "" : "out" },
      el(
        "th",
        { scope: "row" },
        isolate(o.label),
        el("span", { className: "spoken", textContent: o.id === choice.token ? ` (${t("top.chosen")})` : "" }),
      ),
      ...stages.map((s) => bar(s.probs[i], most, t, s.scores ? o.logit : null)),
      ...(drawn
        ? [
            el("td", {
              className: "stretch",
              textContent: o.to > o.from ? `${place(o.from, o)}–${place(o.to, o)}` : "",
            }),
          ]
        : []),
    );
    tr.dataset.id = String(o.id);
    return tr;
  });
  const rest = stages.map((s) => ({
    Count: s.possible - s.probs.filter((/** @type {number} */ p) => p > 0).length,
    prob: 1 - s.probs.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0),
  }));
  const others = el(
    "tr",
    { className: "others" },
    el("th", { scope: "row", textContent: t("choice.others") }),
    ...rest.map((r) =>
      el(
        "td",
        {},
        r.Count ? `${percent(Math.max(0, r.prob))} ` : "–",
        el("small", { textContent: r.Count ? t("choice.left", r) : "" }),
      ),
    ),
    ...(drawn ? [el("td", {})] : []),
  );
  table.style.setProperty("--stages", String(stages.length));
  table.replaceChildren(el("thead", {}, head), el("tbody", {}, ...rows, others));
}

/**
 * A probability as a bar and a number.
 * @param {number} p
 * @param {number} most
 * @param {T} t
 * @param {[number, number]|null} [logit] before and after the penalty, where that changed it
 */
function bar(p, most, t, logit) {
  const td = el("td", { className: p === 0 ? "gone" : "" });
  td.dataset.prob = String(p);
  if (p === 0)
    td.append(
      el("span", { ariaHidden: "true", textContent: "–" }),
      el("span", { className: "spoken", textContent: t("top.dropped") }),
    );
  else td.append(percent(p));
  if (logit)
    td.append(
      " ",
      el("small", { textContent: `${logit[0].toFixed(2)} → ${logit[1].toFixed(2)}`, title: t("choice.logit") }),
    );
  const i = el("i", {});
  i.style.setProperty("width", `${(100 * p) / most}%`);
  td.append(i);
  return td;
}
