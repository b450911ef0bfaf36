// What the line under an op's matrices says of the cell at hand.

import { tokenAt } from "./token-names.js";
import { cell as shortNumber } from "../format.js";
import { EVICTED, PAIRS, untold } from "../wire/triangle.js";
import { shownRows } from "../wire/without.js";

/** @import { Cell, Frame, T, Tensor } from "../types.js" */

/** @typedef {{frame: Frame|null, cell: Cell|null, t: T}} Pointed what is looked at, and the cell at hand */

/** Does the cache let rows go? @param {Pick<Frame, "meta">} frame */
export const evicts = (frame) => !!frame.meta.run.policy.keeps;

/** A weight matrix or a bias? @param {string} op */
export const learned = (op) => op.startsWith("w_") || op.startsWith("b_");

/** The tensor of the frame that holds an op. @param {Frame} frame @param {string} op @returns {Tensor|undefined} */
export function tensorOf({ tensors, meta }, op) {
  const { mask } = tensors;
  if (op !== "mask") return tensors[`op.${op}`];
  if (!mask || !evicts({ meta })) return mask;
  return { ...mask, data: mask.data.map((x) => (x === 1 ? 1 : 0)) }; // a mask only says yes or no
}

/** A tensor of the frame by a name that is known only then. @param {Frame} frame @param {string} name */
export const named = ({ tensors }, name) => /** @type {Record<string, Tensor|undefined>} */ (tensors)[name];

/** @param {Tensor} tensor @param {{row: number, col: number}} cell */
const number = ({ data, shape }, { row, col }) => data[row * shape[1] + col];

/** @param {Cell} a @param {Cell} b */
const sameCell = (a, b) => a.op === b.op && a.row === b.row && a.col === b.col && a.lane === b.lane;
/** Is a cell's number good for more than a colour? @param {Tensor} tensor @param {{row: number, col: number}} cell */
const known = (tensor, { row, col }) => !tensor.coarse && !untold(tensor, row, col);

/** @param {Pointed} state */
export function opReadout({ frame, cell, t }) {
  const { op, cell: exact, pick_step: from } = frame?.meta ?? {};
  if (!frame || !cell || !op || !from) return null;
  const shown = [op.id, ...op.inputs.map((p) => p.op)];
  if (!shown.includes(cell.op)) return null;
  const same = exact && sameCell(exact, cell);
  const tensor = tensorOf(frame, cell.op);
  if (!same && (!tensor || cell.row >= tensor.shape[0] || cell.col >= tensor.shape[1])) return null;
  const { rows, cached } = from;
  const mask = PAIRS.has(cell.op) ? frame.tensors.mask?.data[cell.row * (cached + rows) + cell.col] : undefined;
  const token = (/** @type {number} */ i) => tokenAt(frame, i, t);
  const args = {
    Op: t("name." + cell.op),
    Row: cell.op === "K" || cell.op === "V" ? token(cell.row) : token(cached + Math.min(cell.row, rows - 1)),
    Col: PAIRS.has(cell.op) ? token(cell.col) : cell.col,
  };
  const place =
    learned(cell.op) || cell.op === "cos" || cell.op === "sin"
      ? "explain.weight_at"
      : PAIRS.has(cell.op)
        ? "cell.pair"
        : "cell.dim";
  return {
    where: t(place, place === "explain.weight_at" ? { ...args, Row: cell.row, Col: cell.col } : args),
    value: same ? exact.value : tensor && known(tensor, cell) ? shortNumber(number(tensor, cell)) : "…",
    exact: !!same,
    masked: mask !== undefined && mask !== 1,
    gone: mask === EVICTED,
  };
}

/**
 * What it says of a cell of the lane without a cache, whose rows are positions: nothing is hidden but what the causal
 * mask hides.
 * @param {Frame} frame @param {Cell} cell @param {T} t
 */
function laneReadout(frame, cell, t) {
  const { cell: exact, without } = frame.meta;
  const same = exact && sameCell(exact, cell);
  const at = without ? shownRows(without) : [];
  const [row, key] = [at.indexOf(cell.row), at.indexOf(cell.col)];
  const tensor = named(frame, "without_" + cell.op);
  if (!tensor || row < 0) return null;
  const pairs = cell.op === "scores" || cell.op === "probs";
  const later = pairs && cell.col > cell.row;
  const shown = { row, col: pairs ? key : cell.col };
  return {
    where: t(pairs ? "cell.pair" : "cell.dim", {
      Op: t(`op.${cell.op}`),
      Row: tokenAt(frame, cell.row, t),
      Col: pairs ? tokenAt(frame, cell.col, t) : cell.col,
    }),
    value: same ? exact.value : known(tensor, shown) ? shortNumber(number(tensor, shown)) : "…",
    exact: !!same,
    masked: later,
    gone: false,
  };
}

/**
 * What the readout says of the picked cell.
 * @param {Pointed} state
 */
export function readout({ frame, cell, t }) {
  if (frame?.meta.pick.op) return opReadout({ frame, cell, t });
  if (frame && cell?.lane) return laneReadout(frame, cell, t);
  const { cell: exact, pick_step: from } = frame?.meta ?? {};
  const tensor = frame && cell && named(frame, cell.op);
  if (!tensor || !from || cell.row >= tensor.shape[0] || cell.col >= tensor.shape[1]) return null;
  const same = exact && sameCell(exact, cell);
  const positions = from.cached + from.rows;
  const token = (/** @type {number} */ i) => tokenAt(frame, i, t);
  const query = ["Q", "scores", "probs", "out"].includes(cell.op);
  const row = token(query ? positions - tensor.shape[0] + cell.row : cell.row);
  const pairs = cell.op === "scores" || cell.op === "probs";
  const mask = pairs ? frame.tensors.mask?.data[cell.row * positions + cell.col] : 1;
  return {
    where: t(pairs ? "cell.pair" : "cell.dim", {
      Op: t(`op.${cell.op}`),
      Row: row,
      Col: pairs ? token(cell.col) : cell.col,
    }),
    value: same ? exact.value : known(tensor, cell) ? shortNumber(number(tensor, cell)) : "…",
    exact: !!same,
    masked: mask !== 1,
    gone: mask === EVICTED,
  };
}
