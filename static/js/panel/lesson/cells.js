// Rows, columns or cells of the picture, as an answer.

import { written } from "../../facts/lesson.js";
import { el } from "../../ui/dom.js";

/** @import { Asked, Form } from "./asks.js" */

const NONE = "none"; // of the cells, as sim/lesson writes it

/** On the picture, or by their numbers. @param {Asked} asked @returns {Form} */
export function cells(asked) {
  const { ask, t, store, ready } = asked;
  if (ask.cells?.one) return one(asked);
  const input = el("input", [], {
    type: "text",
    autocomplete: "off",
    value: ask.given ?? "",
    "aria-label": t(`lesson.cells.${ask.cells?.by}`),
    placeholder: t(`lesson.cells.${ask.cells?.by}`),
    "data-testid": "lesson-cells",
  });
  const hint = el("p", t("lesson.cells.hint"), { class: "quiet" });
  const none = el("input", [], { type: "checkbox", "data-testid": "lesson-cells-none" });
  none.checked = ask.given === NONE;
  if (none.checked) input.value = "";
  const pick = (/** @type {string} */ picked) => {
    const { guess } = store.get();
    if (guess) store.set({ guess: { ...guess, picked } });
    ready();
  };
  input.addEventListener("input", () => {
    none.checked = false;
    pick(written(input.value));
  });
  none.addEventListener("change", () => {
    input.value = "";
    pick("");
  });
  input.addEventListener("picked", () => {
    input.value = store.get().guess?.picked ?? "";
    if (input.value) none.checked = false;
    ready();
  });
  return {
    nodes: [hint, input, el("label", [none, el("span", t("lesson.cells.none"))], { class: "none" })],
    read: () => (none.checked ? NONE : written(input.value)),
  };
}

/** One row, which is a token's: on the picture, or by its name. @param {Asked} asked @returns {Form} */
function one({ ask, t, store, frame, ready }) {
  const picked = () => ask.given ?? store.get().guess?.picked ?? "";
  const names = frame.meta.tokens.slice(0, ask.cells?.rows);
  const buttons = names.map(([, label], row) => {
    const button = el("button", label, { type: "button", "data-row": String(row) });
    if (ask.given === String(row)) button.setAttribute("aria-pressed", "true");
    button.addEventListener("click", () => {
      const { guess } = store.get();
      if (guess) store.set({ guess: { ...guess, picked: String(row) } });
      ready();
    });
    return button;
  });
  const box = el("div", buttons, { class: "tokens-row" });
  const hear = el("input", [], { type: "hidden" }); // is told what is picked on the picture
  hear.addEventListener("picked", ready);
  return {
    nodes: [box, ...(ask.given ? [] : [el("p", t("lesson.pick.one"), { class: "quiet" })]), hear],
    read: picked,
  };
}
