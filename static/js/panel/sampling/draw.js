// The cumulative line: the tokens that are left side by side, each as long as
// its probability, and the draw as a point on it.

import { isolate } from "../../text.js";
import { el } from "../../ui/dom.js";

/** @import { Choice, T } from "../../types.js" */

const TINY = 1e-9; // shorter is rounding
const LEGIBLE = 0.04; // a shorter stretch has no room for its name

/**
 * Enough decimals to tell the ends of a stretch apart.
 * @param {number} x
 * @param {{from: number, to: number}} stretch
 */
export const place = (x, { from, to }) => x.toFixed(to - from < 0.005 ? 5 : 3);

/**
 * What lies on the line, from 0 to 1: the listed tokens that are still
 * possible, and between them what is not listed.
 * @param {Pick<Choice, "options">} choice
 * @returns {{from: number, to: number, id: number|null, label: string}[]}
 */
export function stretches({ options = [] }) {
  /** @type {{from: number, to: number, id: number|null, label: string}[]} */
  const all = [];
  let at = 0;
  const upTo = (/** @type {number} */ to) => {
    if (to - at > TINY) all.push({ from: at, to, id: null, label: "" });
  };
  for (const { id, label, from, to } of options) {
    if (to <= from) continue;
    upTo(from);
    all.push({ from, to, id, label });
    at = to;
  }
  upTo(1);
  return all;
}

/** @param {HTMLElement} root */
export function createDraw(root) {
  const line = /** @type {HTMLElement} */ (root.querySelector("[data-line]"));
  const pin = /** @type {HTMLElement} */ (root.querySelector("[data-pin]"));
  const said = /** @type {HTMLElement} */ (pin.querySelector("b"));
  /** @param {Choice} choice @param {T} t */
  return function view(choice, t) {
    line.replaceChildren(
      ...stretches(choice).map((s) => {
        const name = s.id === null ? t("choice.others") : isolate(s.label);
        const e = el("span", s.to - s.from < LEGIBLE ? "" : name, {
          class: s.id === null ? "rest" : s.id === choice.token ? "chosen" : "",
          title: `${name} ${place(s.from, s)}–${place(s.to, s)}`,
          "data-id": String(s.id ?? ""),
        });
        e.style.setProperty("left", `${100 * s.from}%`);
        e.style.setProperty("width", `${100 * (s.to - s.from)}%`);
        return e;
      }),
    );
    pin.dataset.at = String(choice.random);
    pin.style.setProperty("left", `${100 * choice.random}%`);
    said.textContent = t("choice.draw", { Random: place(choice.random, choice), Token: choice.label });
    // At the ends its words stand beside the point, not across the edge.
    pin.classList.toggle("first", choice.random < 0.15);
    pin.classList.toggle("last", choice.random > 0.85);
  };
}
