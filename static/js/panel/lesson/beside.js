// What was predicted, beside what came: once a question is graded, both stand in the place of its form.

import { el } from "../../ui/dom.js";
import { pointsOf, written } from "./curve.js";
import { plot } from "./plot.js";
import { pieces } from "./words.js";

/** @import { Ask, Grade, T } from "../../types.js" */

/** @typedef {{ask: Ask, graded: Grade, t: T}} Told */

/** @type {Record<string, (told: Told) => Node[]>} */
const BESIDE = { choice, order, curve };

/** @param {Told} told @returns {Node[]} */
export const beside = (told) => (BESIDE[told.ask.kind] ?? said)(told);

/** Two names with what belongs to them. @param {T} t @param {Node|string} given @param {Node|string} came */
const both = (t, given, came) => [
  el(
    "dl",
    [
      el("div", [el("dt", t("lesson.you")), el("dd", given)], { class: "given" }),
      el("div", [el("dt", t("lesson.run")), el("dd", came)], { class: "came" }),
    ],
    { class: "beside" },
  ),
];

/** Numbers, tokens and cells, as the engine writes them. @param {Told} told */
function said({ ask, graded: { given = "", came = "" }, t }) {
  const name = (/** @type {string} */ text) => text || t("lesson.cells.none");
  return both(t, name(given), name(came));
}

/** Which were taken, and which are so. @param {Told} told */
function choice({ ask, graded, t }) {
  const [given, came] = [ask.given, graded.answer].map((ids = "") => ids.split(","));
  const lines = (ask.choices ?? []).map(({ id, text }) => {
    const tags = [
      given.includes(id) ? el("small", t("lesson.you"), { class: "given" }) : "",
      came.includes(id) ? el("small", t("lesson.run"), { class: "came" }) : "",
    ];
    return el("li", [el("span", pieces(text)), ...tags], { "data-choice": id });
  });
  return [el("ul", lines, { class: "choices" })];
}

/** @param {Told} told */
function order({ ask, graded, t }) {
  const list = (/** @type {string} */ ids) =>
    el(
      "ol",
      ids.split(",").map((id) => el("li", pieces(ask.choices?.find((c) => c.id === id)?.text ?? []))),
    );
  return both(t, list(ask.given ?? ""), list(graded.answer));
}

/** @param {Told} told */
function curve({ ask, graded, t }) {
  const [given, came] = [ask.given, graded.answer].map(pointsOf);
  const most = Math.max(ask.most ?? 0, ...given, ...came) || 1;
  const lines = /** @type {const} */ ([
    { points: came.map((x) => x / most), kind: "came" },
    { points: given.map((x) => x / most), kind: "given" },
  ]);
  const list = (/** @type {number[]} */ points) => points.map((x) => written(ask, x)).join(" · ");
  return [el("div", plot([...lines]), { class: "drawing" }), ...both(t, list(given), list(came))];
}
