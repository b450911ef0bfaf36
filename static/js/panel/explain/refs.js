// Names of cells, as people say them, and the way from one to the next.

import { opName } from "../../facts/matrices.js";
import { isolate } from "../../text.js";
import { tokenAt } from "../../facts/token-names.js";
import { VOCAB } from "../../wire/triangle.js";
import { where } from "../../facts/where.js";

/** @import { CellLabels, Explain, Frame, Read, Ref, T } from "../../types.js" */

/** @typedef {Ref & {at: CellLabels}} Named a cell, and what it is to people */

/** Only what a ref is, to be sent. @param {Ref} r @returns {Ref} */
export const bare = ({ step, op, head, row, col, lane }) => ({ step, op, head, row, col, ...(lane && { lane }) });

/** Cell i of a line. @param {Read} line @param {number} i @returns {Ref} */
export function cellOf(line, i) {
  const ref = bare(line);
  if (line.along === "row") ref.col += i;
  if (line.along === "col") ref.row += i;
  return ref;
}

/**
 * What a cell's row and column are called: a token and its position where they stand for one, else a number.
 * @param {Frame} frame @param {Named} cell @param {T} t
 */
export function labels(frame, { at, row, col }, t) {
  const name = (/** @type {number|undefined} */ pos, /** @type {string|undefined} */ id, /** @type {number} */ i) =>
    (pos !== undefined && tokenAt(frame, pos, t)) || (id ? t("token.id", { Token: isolate(id) }) : String(i));
  return { row: name(at.row_pos, at.row, row), col: name(at.col_pos, at.col, col) };
}

/**
 * "score of “the” at 8 to “book” at 4".
 * @param {Frame} frame
 * @param {Named} cell
 * @param {T} t
 */
export function title(frame, cell, t) {
  const { row, col } = labels(frame, cell, t);
  const args = { Op: opName(cell, t), Row: row, Col: col };
  if (cell.at.col_pos !== undefined) return t("cell.pair", args);
  if (VOCAB.has(cell.op)) return t("explain.token_at", args);
  return t(cell.at.row_pos !== undefined || cell.at.row !== undefined ? "cell.dim" : "explain.weight_at", args);
}

/**
 * The same in a breadcrumb: "score [“the” at 8, “book” at 4]".
 * @param {Frame} frame
 * @param {Named} cell
 * @param {T} t
 */
export function short(frame, cell, t) {
  const { row, col } = labels(frame, cell, t);
  return `${opName(cell, t)} [${row}, ${col}]`;
}

/** "prefill · layer 3". @param {Pick<Explain, "steps">} explain @param {number} step @param {T} t */
export const stepName = (explain, step, t) => where(explain.steps[step], t);
