// Text in which terms of the glossary and numbers of the run can be pressed: what a message
// marks (text.js) becomes elements here, wherever the sentence comes from.

import { MARK } from "../text.js";
import { el } from "./dom.js";

/** @import { T } from "../types.js" */

/** @type {WeakMap<Element, string>} */
const written = new WeakMap();

/**
 * Writes a text with its marks, unless it stands there already: a live region speaks every change.
 * @param {Element} element @param {string} text
 */
export function say(element, text) {
  if (written.get(element) === text) return;
  written.set(element, text);
  element.replaceChildren(...nodes(text));
}

/** The same words with the marks of their terms, for say. @param {T} t @returns {T} */
export const withTerms = (t) => t.marked ?? t;

/** A text of whose marks the first few stay; of the others their words. @param {string} text @param {number} most */
export function few(text, most) {
  let marks = 0;
  return text.replaceAll(new RegExp(MARK, "g"), (all, kind, name, words) => (++marks > most ? words : all));
}

/** A text as it is written, with what can be pressed in it. @param {string} text @returns {(string|Node)[]} */
export function nodes(text) {
  const parts = text.split(MARK); // text, then kind, name and words of a mark, text ..
  const all = [];
  for (let i = 0; i < parts.length; i += 4) {
    if (parts[i]) all.push(parts[i]);
    if (i + 3 < parts.length) all.push(pressed(parts[i + 1], parts[i + 2], parts[i + 3]));
  }
  return all;
}

/** A term with its card. @param {string} name @param {string} text */
export const term = (name, text) => pressed("term", name, text);

/** What can be pressed; the panel card hears of it. @param {string} kind @param {string} name @param {string} text */
const pressed = (kind, name, text) =>
  kind === "number"
    ? el("button", text, { type: "button", class: "number", "data-number": name })
    : el("span", text, { class: "term", role: "button", tabindex: "-1", "data-term": name, "aria-haspopup": "dialog" });
