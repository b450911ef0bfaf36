// The lane without a cache: a frame has of it what the cached lane does not show; here it is made whole.

/** @import { Tensor, Without } from "./frame.js" */

/** What there is of it, by the names of the cached lane; pairs are squares. */
const ROWS = /** @type {const} */ (["Q", "K", "V", "out"]);
const SQUARES = /** @type {const} */ (["scores", "probs"]);
const NAME = "without_";

/**
 * The rows of one tensor, by their number among those that are shown and their position: of pairs those with the shown
 * rows up to it.
 * @typedef {(name: string, i: number, p: number) => {data: Tensor["data"], coarse?: boolean}} Row
 */

/** Are there rows that the cached lane does not have? @param {Without|null|undefined} x @returns {x is Without} */
export const unlike = (x) => x?.source === "recorded" || x?.source === "computed";

/** The positions of the rows that are shown. @param {Without} x */
export const shownRows = ({ shown, rows }) => shown ?? Array.from({ length: rows }, (_, p) => p);

/**
 * All tensors of the lane, [shown rows, ..].
 * @param {Without} without @param {Row} row
 */
export function whole(without, row) {
  const at = shownRows(without);
  /** @type {Record<string, Tensor>} */
  const all = {};
  for (const name of [...ROWS, ...SQUARES]) {
    const rows = at.map((p, i) => row(name, i, p));
    const cols = SQUARES.some((x) => x === name) ? at.length : (rows[0]?.data.length ?? 0);
    const data = new Float32Array(at.length * cols);
    rows.forEach((x, i) => data.set(x.data, i * cols));
    const coarse = rows.some((x) => x.coarse) || undefined;
    all[NAME + name] = {
      dtype: "F16",
      shape: [at.length, cols],
      data,
      coarse,
      cached: name === "scores" ? 0 : undefined,
    };
  }
  return all;
}

/**
 * Completes those of a frame.
 * @param {Without|null|undefined} without @param {Record<string, Tensor>} tensors
 */
export function completeLane(without, tensors) {
  if (!unlike(without)) return;
  const at = shownRows(without);
  /** @type {Row} */
  const row = (name, i, p) => {
    const own = tensors[NAME + name];
    const pairs = own?.shape.length === 1;
    if (pairs && own.data.length > (i * (i + 1)) / 2)
      return { data: own.data.subarray((i * (i + 1)) / 2, ((i + 1) * (i + 2)) / 2), coarse: own.coarse };
    if (own && !pairs && i < own.shape[0]) return rowOf(own, i);
    const cached = name === "K" || name === "V" ? 0 : without.cached;
    const other = rowOf(tensors[name], p - cached);
    return SQUARES.some((x) => x === name) ? { data: pick(other.data, at.slice(0, i + 1)) } : other;
  };
  Object.assign(tensors, whole(without, row));
}

/** @param {Tensor} x @param {number} i */
export const rowOf = ({ data, shape: [, cols], coarse }, i) => ({
  data: data.subarray(i * cols, (i + 1) * cols),
  coarse,
});

/** Numbers of a row. @param {Tensor["data"]} row @param {number[]} at */
export const pick = (row, at) => Float32Array.from(at, (j) => row[j]);
