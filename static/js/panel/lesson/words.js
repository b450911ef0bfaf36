// The words of a lesson as elements. They come as a tree of known kinds, so nothing in them can run.

import { el } from "../../ui/dom.js";
import { term } from "../../ui/terms.js";

/** @import { Block, Piece } from "../../types.js" */

/** Blocks of a lesson. @param {Block[]} blocks @returns {Node[]} */
export const blocks = (blocks) => (blocks ?? []).map(block);

/** @type {WeakMap<Element, string>} */
const filled = new WeakMap();

/**
 * Writes blocks, unless they stand there: what is in focus stays, and what speaks by itself says nothing twice.
 * @param {Element} element @param {Block[]} all
 */
export function fill(element, all) {
  const now = JSON.stringify(all ?? []);
  if (filled.get(element) === now) return;
  filled.set(element, now);
  element.replaceChildren(...blocks(all));
}

/** @param {Block} b @returns {Node} */
function block(b) {
  const items = (b.items ?? []).map((item) => el("li", pieces(item.words ?? [])));
  switch (b.is) {
    case "ul":
    case "ol":
      return el(b.is, items);
    case "pre":
      return el("pre", pieces(b.words ?? []));
  }
  return el("p", pieces(b.words ?? []));
}

/** Words in a line. @param {Piece[]} words @returns {(string|Node)[]} */
export const pieces = (words) => words.map(piece);

/** @param {Piece} w @returns {string|Node} */
function piece(w) {
  const inner = w.words ? pieces(w.words) : [w.text ?? ""];
  switch (w.is) {
    case "em":
    case "strong":
    case "code":
      return el(w.is, inner);
    case "br":
      return el("br");
    case "n":
      return el("b", inner, { class: "said" });
    case "term":
      return reached(term(w.to ?? "", w.text ?? ""));
    case "light":
      return el("button", inner, {
        type: "button",
        class: "lights",
        "data-lights": w.to ?? "",
        "aria-pressed": "false",
      });
    case "panel":
    case "lesson":
    case "lab":
      return el("button", inner, { type: "button", class: "leads", [`data-${w.is}`]: w.to ?? "" });
  }
  return w.text ?? "";
}

/** One by one, by Tab: a lesson has few. @param {HTMLElement} e */
function reached(e) {
  e.tabIndex = 0;
  return e;
}

/** The same as plain text, for names and labels. @param {Piece[]} words @returns {string} */
export const plain = (words) => words.map((w) => (w.words ? plain(w.words) : (w.text ?? ""))).join("");
