// How each counter comes about: formulas that the server wrote as MathML, with
// the letters' values in this step put in.

import { createPanel } from "./panel.js";
import { number } from "./format.js";
import { unitOf } from "./ledger.js";

/**
 * @param {HTMLDetailsElement} root
 * @param {{show: (open: string[], close?: string[]) => void}} act
 */
export function createFormulas(root, act) {
  const panel = createPanel(root, "formulas", act);
  root.addEventListener("click", (e) => {
    const button = /** @type {HTMLElement} */ (e.target).closest("button[data-opens]");
    if (!(button instanceof HTMLElement)) return;
    const row = /** @type {HTMLElement} */ (document.getElementById(`formula-${button.dataset.opens}`));
    row.hidden = !row.hidden;
    button.setAttribute("aria-expanded", String(!row.hidden));
  });
  let filled = /** @type {any} */ (null);
  /** @param {any} state */
  return function view(state) {
    panel(state);
    const { frame, lang } = state;
    const letters = frame?.meta.letters;
    if (!root.open || !letters || (filled?.frame === frame && filled.lang === lang)) return;
    filled = { frame, lang };
    fill(root, frame, lang);
  };
}

/** @param {HTMLElement} root @param {any} frame @param {string} lang */
function fill(root, frame, lang) {
  const { letters, ledger, step } = frame.meta;
  const text = (/** @type {number|string} */ n) => number(n).toLocaleString(lang);
  const each = (/** @type {string} */ selector, /** @type {(el: HTMLElement) => void} */ f) => root.querySelectorAll(selector).forEach((el) => f(/** @type {HTMLElement} */ (el)));
  const hide = (/** @type {Element} */ el, /** @type {boolean} */ hidden) => el.toggleAttribute("hidden", hidden);

  each("[data-part]", (el) => hide(el, el.dataset.part !== step.part));
  each("tr.formula", (row) => {
    const none = row.querySelector("[data-none]");
    const any = [...row.querySelectorAll("[data-part]")].some((el) => !el.hasAttribute("hidden"));
    if (none) hide(none, any || row.id === "formula-seconds");
    hide(/** @type {Element} */ (row.querySelector(".scroll")), !any);
  });
  each("[data-pairs]", (el) => {
    const { pairs, logits } = el.dataset;
    hide(el, (!!pairs && pairs !== ledger.count.pairs) || (!!logits && logits !== ledger.count.logits));
  });
  each("[data-unit]", (el) => (el.textContent = el.dataset.unit === "op" ? unitOf(frame) : el.dataset.unit ?? ""));
  each(".worked", (el) => hide(el, !letters[el.dataset.lane ?? ""]));
  each("[data-letter]", (el) => {
    const lane = /** @type {HTMLElement|null} */ (el.closest("[data-lane]"))?.dataset.lane ?? "cached";
    const value = (letters[lane] ?? letters.cached ?? letters.uncached)[el.dataset.letter ?? ""];
    el.textContent = value === undefined ? "–" : text(value);
  });
  each("[data-result]", (el) => {
    const lane = /** @type {HTMLElement} */ (el.closest("[data-lane]")).dataset.lane ?? "";
    const counters = ledger.step[lane];
    const name = el.dataset.result ?? "";
    if (counters) el.textContent = text(counters[name] ?? counters.flops[name] ?? 0);
  });
  // Letters that are worth nothing for this model are not written.
  each("[data-optional]", (el) => {
    const letter = el.dataset.optional;
    if (letter) hide(el, !Object.values(letters).some((lane) => letter in lane && (letter !== "x" || number(lane[letter]) !== 0)));
  });
}
