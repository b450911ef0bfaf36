// How each kind of question is answered. One is a function that fills a form and returns how to read it:
// the answer as sim/lesson writes it, "" for none yet.

import { el, radio } from "../../ui/dom.js";
import { cells } from "./cells.js";
import { curve } from "./curve.js";
import { order } from "./order.js";
import { pieces } from "./words.js";

/** @import { Ask, Frame, Guess, Store, T } from "../../types.js" */

/**
 * @typedef {{ask: Ask, t: T, store: Store, frame: Frame, ready: () => void}} Asked ready is called whenever the answer
 * has changed
 * @typedef {{nodes: Node[], read: () => string}} Form
 */

const UNITS = /** @type {Record<string, string>} */ ({ flop: "FLOP", bytes: "B", percent: "%", ratio: "×", s: "s" });

/** @type {Record<string, (asked: Asked) => Form>} */
export const ASKS = { number, choice, cells, token, order, curve };

/** @param {Asked} asked @returns {Form} */
function number({ ask, t, ready }) {
  const share = ask.unit === "percent"; // which is kept as a part of one
  const input = el("input", [], {
    type: "text",
    inputmode: "decimal",
    autocomplete: "off",
    value: ask.given && share ? String(Number((100 * Number(ask.given)).toPrecision(12))) : (ask.given ?? ""),
    "aria-label": t("lesson.number"),
    "data-testid": "lesson-number",
  });
  input.addEventListener("input", ready);
  const unit = UNITS[ask.unit ?? ""] ?? "";
  return {
    nodes: [el("label", [input, el("span", unit, { class: "unit" })], { class: "number" })],
    read() {
      const text = input.value.trim();
      return text && share && !text.endsWith("%") ? `${text}%` : text;
    },
  };
}

/** @param {Asked} asked @returns {Form} */
function choice({ ask, ready }) {
  const given = (ask.given ?? "").split(",");
  const boxes = (ask.choices ?? []).map(({ id, text }) => {
    const label = radio("lesson-choice", id, "");
    const input = /** @type {HTMLInputElement} */ (label.firstChild);
    if (ask.several) input.type = "checkbox";
    input.checked = given.includes(id);
    input.addEventListener("change", ready);
    label.lastElementChild?.replaceChildren(...pieces(text));
    label.dataset.choice = id;
    return label;
  });
  return {
    nodes: [el("div", boxes, { class: "choices" })],
    read: () =>
      boxes
        .map((b) => /** @type {HTMLInputElement} */ (b.firstChild))
        .filter((input) => input.checked)
        .map((input) => input.value)
        .sort()
        .join(","),
  };
}

/**
 * One of the likeliest tokens; before the model has named them one of the text's, or as somebody writes it.
 * @param {Asked} asked @returns {Form}
 */
function token({ ask, frame, ready, t }) {
  const { top, tokens } = frame.meta;
  /** @type {Map<number, string>} */
  const offered = new Map((top ?? []).map((c) => [c.id, c.label]));
  for (const [id, label] of tokens) if (!top?.length) offered.set(id, label);
  const labels = [...offered].sort(([, a], [, b]) => a.localeCompare(b)); // not the likeliest first
  const boxes = labels.map(([id, label]) => {
    const box = radio("lesson-token", id, label);
    const input = /** @type {HTMLInputElement} */ (box.firstChild);
    input.checked = String(id) === ask.given;
    input.addEventListener("change", ready);
    return box;
  });
  const own = el("input", [], {
    type: "text",
    autocomplete: "off",
    maxlength: "40",
    value: ask.given?.startsWith("=") ? ask.given.slice(1) : "",
    placeholder: t("lesson.token.other"),
    "aria-label": t("lesson.token.other"),
    "data-testid": "lesson-token-own",
  });
  own.addEventListener("input", () => {
    for (const box of boxes) /** @type {HTMLInputElement} */ (box.firstChild).checked = false;
    ready();
  });
  const chosen = () => boxes.map((b) => /** @type {HTMLInputElement} */ (b.firstChild)).find((i) => i.checked)?.value;
  const word = () => own.value.replaceAll(/[;~]/g, "").trim();
  return {
    nodes: [el("div", boxes, { class: "choices tokens" }), ...(top?.length ? [] : [own])],
    read: () => chosen() ?? (word() ? `=${word()}` : ""),
  };
}
