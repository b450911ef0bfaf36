// Matrices as they are drawn, and where their cells stand. No DOM.

/** @import { Plate } from "../types.js" */

/** The cell of a plate that shows a cell of its tensor. @param {Plate} p @param {number} row @param {number} col */
export function toPlate(p, row, col) {
  if (p.fold) return { row: Math.floor(col / p.fold), col: col % p.fold };
  const at = { row: row - (p.skip?.row ?? 0), col: col - (p.skip?.col ?? 0) };
  return p.transposed ? { row: at.col, col: at.row } : at;
}

/** The other way. @param {Plate} p @param {{row: number, col: number}} at */
export function toTensor(p, { row, col }) {
  if (p.fold) return { row: 0, col: row * p.fold + col };
  const at = p.transposed ? { row: col, col: row } : { row, col };
  return { row: at.row + (p.skip?.row ?? 0), col: at.col + (p.skip?.col ?? 0) };
}

/**
 * The cell of a plate under a point, or null.
 * @param {Plate} plate @param {number} x @param {number} y from the plate's corner
 */
export function hit(plate, x, y) {
  const col = Math.floor((x / plate.w) * plate.cols);
  const row = Math.floor((y / plate.h) * plate.rows);
  return col < 0 || row < 0 || col >= plate.cols || row >= plate.rows ? null : { row, col };
}
