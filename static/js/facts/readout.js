// What the line under an op's matrices says of the cell at hand.

import { onStage } from "./token-names.js";
import { cell as shortNumber } from "../format.js";

/** @import { Frame, State } from "../types.js" */

/** Ops with a row for each query and a column for each key. */
export const PAIRS = new Set(["dots", "scores", "mask", "probs"]);

/** In a mask: the cache had evicted the key, as opposed to a later key (0). */
export const GONE = 2;

/** Does the cache let rows go? @param {Frame} frame */
export const evicts = (frame) => ["window", "h2o"].includes(frame.meta.run.recipe.cache.kind);

/** A weight matrix or a bias? @param {string} op */
export const learned = (op) => op.startsWith("w_") || op.startsWith("b_");

/** The tensor of the frame that holds an op. @param {Frame} frame @param {string} op */
export function tensorOf(frame, op) {
  const { mask } = frame.tensors;
  if (op !== "mask" || !mask || !evicts(frame)) return frame.tensors[op === "mask" ? "mask" : "op." + op];
  return { ...mask, data: mask.data.map((/** @type {number} */ x) => (x === 1 ? 1 : 0)) }; // a mask only says yes or no
}

/** @param {State} state */
export function opReadout({ frame, cell, t }) {
  const exact = frame?.meta.cell;
  if (!cell || !frame.meta.op) return null;
  const shown = [frame.meta.op.id, ...frame.meta.op.inputs.map((p) => p.op)];
  if (!shown.includes(cell.op)) return null;
  const same = exact && exact.op === cell.op && exact.row === cell.row && exact.col === cell.col;
  const tensor = tensorOf(frame, cell.op);
  if (!same && (!tensor || cell.row >= tensor.shape[0] || cell.col >= tensor.shape[1])) return null;
  const { rows, cached } = frame.meta.pick_step;
  const mask = PAIRS.has(cell.op) ? frame.tensors.mask?.data[cell.row * (cached + rows) + cell.col] : undefined;
  const names = onStage(frame);
  const token = (/** @type {number} */ i) => names[i] ?? "";
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
    value: same ? exact.value : tensor.coarse ? "…" : shortNumber(tensor.data[cell.row * tensor.shape[1] + cell.col]),
    exact: !!same,
    masked: mask !== undefined && mask !== 1,
    gone: mask === GONE,
  };
}

/**
 * What the readout says of the picked cell.
 * @param {State} state
 */
export function readout({ frame, cell, t }) {
  if (frame?.meta.pick.op) return opReadout({ frame, cell, t });
  const tensor = frame?.tensors[cell?.op];
  if (!tensor || cell.row >= tensor.shape[0] || cell.col >= tensor.shape[1]) return null;
  const exact = frame.meta.cell;
  const same = exact && exact.op === cell.op && exact.row === cell.row && exact.col === cell.col;
  const positions = frame.meta.pick_step.cached + frame.meta.pick_step.rows;
  const names = onStage(frame);
  const token = (/** @type {number} */ i) => names[i] ?? "";
  const query = ["Q", "scores", "probs", "out"].includes(cell.op);
  const row = token(query ? positions - tensor.shape[0] + cell.row : cell.row);
  const pairs = cell.op === "scores" || cell.op === "probs";
  const mask = pairs ? frame.tensors.mask.data[cell.row * positions + cell.col] : 1;
  const value = tensor.data[cell.row * tensor.shape[1] + cell.col];
  return {
    where: t(pairs ? "cell.pair" : "cell.dim", {
      Op: t(`op.${cell.op}`),
      Row: row,
      Col: pairs ? token(cell.col) : cell.col,
    }),
    value: same ? exact.value : shortNumber(value),
    exact: !!same,
    masked: mask !== 1,
    gone: mask === GONE,
  };
}
