// The lane without a cache in a handout: a record has of it the rows that are neither in the records before it nor the
// cached lane's in itself (web/export/lane.go).

import { pick, rowOf, shownRows, unlike, whole } from "../wire/without.js";

/** @import { Meta, Tensor } from "../types.js" */

/** @typedef {(name: string, p: number) => {data: Tensor["data"], coarse?: boolean}} Find the row of a position */

const triangle = (/** @type {number} */ n) => (n * (n + 1)) / 2;
const PAIRS = ["scores", "probs"];

/** @param {ReturnType<typeof import("./records.js").createRecords>} records @param {number} pass its steps */
export function createLane(records, pass) {
  /** @type {Map<string, {before: number, find: Find}>} records that were read */
  const known = new Map();

  /** What a record has from its first row on. @param {number} n @param {number} head */
  function part(n, head) {
    const key = `${n}.${head}`;
    const made = known.get(key);
    if (made) return made;
    const { meta, tensors } = records.read(n, head);
    const { lane: before = 0 } = meta.before;
    const cached = meta.pick_step?.cached ?? 0;
    /** @type {Find} */
    const find = (name, p) => {
      const own = /** @type {Record<string, Tensor|undefined>} */ (tensors)["without_" + name];
      if (PAIRS.includes(name)) {
        const from = triangle(p) - triangle(before);
        if (own && from < own.data.length) return { data: own.data.subarray(from, from + p + 1) };
        return { data: rowOf(tensors[name], p - cached).data.subarray(0, p + 1) };
      }
      if (own && p - before < own.shape[0]) return rowOf(own, p - before);
      if (name === "K" || name === "V") return rowOf(/** @type {Tensor} */ (records.cached(name, n, head)), p);
      return rowOf(tensors[name], p - cached);
    };
    const one = { before, find };
    known.set(key, one);
    return one;
  }

  /**
   * The whole tensors of a step's lane; none where the cached lane's are the same, or nobody knows them.
   * @param {Meta["without"]} without @param {number} n @param {number} head
   */
  return function lane(without, n, head) {
    if (!unlike(without)) return {};
    const parts = [part(n, head)];
    for (let at = n; parts[parts.length - 1].before > 0;) parts.push(part((at -= pass), head));
    const at = shownRows(without);
    return whole(without, (name, i, p) => {
      const row = /** @type {typeof parts[0]} */ (parts.find((x) => p >= x.before)).find(name, p);
      return PAIRS.includes(name) ? { data: pick(row.data, at.slice(0, i + 1)) } : row;
    });
  };
}
