// The matrices of one head in both lanes, as the stage draws them.

import { cacheless } from "./lanes.js";
import { evicts, named } from "./readout.js";
import { EVICTED } from "../wire/triangle.js";
import { largest } from "../scale/linear.js";

/** @import { Cell, Frame, Grid, LaneName, T, Tensor } from "../types.js" */

export const OPS = /** @type {const} */ (["Q", "K", "scores", "probs", "V", "out"]);

/** The plate, and the tensor of a frame, of an op. @param {LaneName} lane @param {string} op */
export const plateName = (lane, op) => (lane === "cached" ? op : `without_${op}`);

/** Ops with a row for each query. */
const QUERIES = new Set(["Q", "scores", "probs", "out"]);

/** Ops whose names say where the rows lie, where they do not in the lane without a cache, nor once they are evicted. */
const SHELVED = new Set(["K", "V"]);

/**
 * What an op is called where it stands.
 * @param {{op: string, lane?: string, evicted?: number}} ref evicted: the step, where the cache has it no more
 * @param {T} t
 */
export const opName = ({ op, lane, evicted }, t) =>
  t((lane || evicted !== undefined) && SHELVED.has(op) ? `name.${op}.uncached` : `name.${op}`);

/**
 * A lane as it is drawn: query rows, those of them that are computed again, columns; positions of both where not
 * all are; whether its numbers are known.
 * @typedef {{lane: LaneName, rows: number, cached: number, columns: number, shown: number[]|null, told: boolean}} Drawn
 */

/**
 * The lanes that a frame can draw, the one without a cache first; none where no layer has been run.
 * @param {Frame} frame @returns {Drawn[]}
 */
export function lanesOf(frame) {
  const { without, pick_step: from, run } = frame.meta;
  const kept = frame.tensors.scores;
  /** @type {Drawn[]} */
  const lanes = [];
  if (without && run.recipe.lanes !== "cached" && !(cacheless(frame) && without.source === "none")) {
    const { rows, cached, shown = null, source } = without;
    const n = shown?.length ?? rows;
    const again = shown ? shown.filter((p) => p < cached).length : cached;
    lanes.push({ lane: "uncached", rows: n, cached: again, columns: n, shown, told: source !== "none" });
  }
  if (kept && from && !cacheless(frame))
    lanes.push({
      lane: "cached",
      rows: kept.shape[0],
      cached: 0,
      columns: kept.shape[1],
      shown: null,
      told: true,
    });
  return lanes;
}

/**
 * The numbers of an op of a lane; undefined where they are not known.
 * @param {Frame} frame @param {LaneName} lane @param {string} op @returns {Tensor|undefined}
 */
export function numbersOf(frame, lane, op) {
  const same = lane === "cached" || frame.meta.without?.source === "same";
  return named(frame, same ? op : plateName(lane, op));
}

/**
 * The pictures of an op, a lane after the other, with one ramp: equal numbers look equal.
 * @param {Frame} frame @param {Drawn[]} lanes @param {string} op @returns {Grid[]}
 */
export function gridsOf(frame, lanes, op) {
  const made = lanes.map((lane) => gridOf(frame, lane, op));
  const max = Math.max(...made.filter((g) => g.signed).map((g) => g.max));
  return made.map((g) => (g.signed ? { ...g, max } : g));
}

/**
 * @param {Frame} frame @param {Drawn} lane @param {string} op @returns {Grid}
 */
export function gridOf(frame, lane, op) {
  const tensor = numbersOf(frame, lane.lane, op);
  const dims = tensor?.shape[1] ?? frame.meta.run.config.head_dim;
  const signed = op !== "probs" && !!tensor;
  const transposed = op === "K";
  const size =
    op === "K"
      ? { rows: dims, cols: lane.columns }
      : op === "V"
        ? { rows: lane.columns, cols: dims }
        : { rows: lane.rows, cols: op === "Q" || op === "out" ? dims : lane.columns };
  const data = tensor?.data;
  const [down, across] = transposed ? [1, dims] : [op === "scores" || op === "probs" ? lane.columns : dims, 1];
  const at = (/** @type {number} */ r, /** @type {number} */ c) => data?.[r * down + c * across] ?? 0;
  const max = signed && data ? largest(data) : 1;
  return { ...size, signed, at, data, down, across, max, ...hidden(frame, lane, op) };
}

/**
 * What is hatched: pairs that are not seen, and what of them the cache had evicted; of K and V the rows
 * that the newest query does not find any more.
 * @param {Frame} frame @param {Drawn} lane @param {string} op
 * @returns {{masked?: (r: number, c: number) => boolean, gone?: (r: number, c: number) => boolean}}
 */
export function hidden(frame, { lane, rows, columns }, op) {
  const pairs = op === "scores" || op === "probs";
  if (lane === "uncached") return pairs ? { masked: (r, c) => c > r } : {}; // nothing is evicted here
  const mask = frame.tensors.mask?.data ?? [];
  const gone = (/** @type {number} */ r, /** @type {number} */ c) => mask[r * columns + c] === EVICTED;
  const last = (/** @type {number} */ p) => gone(rows - 1, p);
  if (evicts(frame)) {
    if (op === "K") return { masked: (_, c) => last(c), gone: (_, c) => last(c) };
    if (op === "V") return { masked: last, gone: last };
  }
  if (!pairs) return {};
  return { masked: (r, c) => mask[r * columns + c] !== 1, gone: evicts(frame) ? gone : undefined };
}

/**
 * The rows of a picture that this lane computes again: whole rows, or columns of K^T; 0 where none are.
 * @param {Drawn} lane @param {string} op
 * @returns {{rows: number, cols: number}}
 */
export const again = ({ cached }, op) => (op === "K" ? { rows: 0, cols: cached } : { rows: cached, cols: 0 });

/**
 * The cell of a tensor that a cell of a plate shows.
 * @param {Drawn} lane @param {string} op @param {{row: number, col: number}} at @returns {Cell}
 */
export function toCell({ lane, shown }, op, at) {
  const cell = op === "K" ? { row: at.col, col: at.row } : at;
  if (lane === "cached") return { op, ...cell };
  const position = (/** @type {number} */ i) => (shown ? shown[i] : i);
  const col = op === "scores" || op === "probs" ? position(cell.col) : cell.col;
  return { op, row: position(cell.row), col, lane };
}

/**
 * The other way; null where the plate does not show it.
 * @param {Drawn} lane @param {string} op @param {Cell|null} cell
 */
export function toPlate({ lane, shown }, op, cell) {
  if (!cell || cell.op !== op || (cell.lane ?? "cached") !== lane) return null;
  const index = (/** @type {number} */ p) => (shown ? shown.indexOf(p) : p);
  const row = lane === "cached" ? cell.row : index(cell.row);
  const col = lane === "uncached" && QUERIES.has(op) && op !== "Q" && op !== "out" ? index(cell.col) : cell.col;
  if (row < 0 || col < 0) return null;
  return op === "K" ? { row: col, col: row } : { row, col };
}
