// What is said beside the formula over a matrix of the stage, where there is room.

import { el } from "../../ui/dom.js";

/** @import { Plate } from "../../types.js" */

// widths in em of the formulas over the matrices
const FORMULA = /** @type {Record<string, number>} */ ({ Q: 1.2, V: 1.2, scores: 4.4, probs: 7.4, out: 4.7 });

/** A line of its own in a caption. @param {string} text */
export const line = (text) => el("span", text, { class: "line" });

/**
 * What is said of a matrix beside its formula: the longest of some texts for
 * which there is room; wide is when it needs more room than the matrix has.
 * @param {string} op @param {Plate} plate @param {string[]} texts @param {number} em pixels
 */
export function caption(op, plate, texts, em) {
  if (op === "K") return { text: texts[0], wide: false }; // stands beside it, in a column of its own
  const takes = (/** @type {string} */ s) => em * (FORMULA[op] + 0.5 + 0.42 * s.length);
  const text = texts.find((s) => takes(s) <= plate.w + 26) ?? "";
  return { text, wide: (op === "V" || op === "out") && takes(text) > plate.w };
}
