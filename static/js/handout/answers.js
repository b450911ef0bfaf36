// Explanations that a handout holds, by the cell that is asked for. Nothing is
// explained here: an answer is read, as the program wrote it down.

import { ANSWERS } from "./records.js";

/** @import { Ref, Sum } from "../types.js" */
/** @import { Answer, Tensors } from "./records.js" */

/** @typedef {{cells: Map<string, {e: Answer, from: number, tree: number}>, tensors: Tensors}} Answers of a layer */

const LANES = 16;
const key = (/** @type {Ref} */ r) => `${r.step}.${r.op}.${r.head}.${r.row}.${r.col}.${r.lane ?? ""}`;

/** @param {ReturnType<typeof import("./records.js").createRecords>} records @param {number} layers */
export function createAnswers(records, layers) {
  /** @type {Map<number, Answers>} */
  const files = new Map();

  /** @param {number} layer */
  function file(layer) {
    const known = files.get(layer);
    if (known) return known;
    const { meta, tensors } = records.read(layer, ANSWERS);
    const made = /** @type {Answers} */ ({ cells: new Map(), tensors });
    let [from, tree] = [0, 0];
    for (const e of meta.cells ?? []) {
      made.cells.set(key(e), { e, from, tree });
      if (!e.sum) continue;
      from += e.sum.n;
      tree += 2 * LANES - 1;
    }
    files.set(layer, made);
    return made;
  }

  /** @param {Ref} ref */
  const find = (ref) =>
    records.has(ref.step % (layers + 1), ANSWERS) ? file(ref.step % (layers + 1)).cells.get(key(ref)) : undefined;

  return {
    /** Is there an answer? @param {Ref} ref */
    has: (ref) => !!find(ref),
    /**
     * The exact value of a cell, as a frame has it; null where there is no answer.
     * @param {Ref} ref
     * @param {string[]} perHead ops that each head has
     */
    cell(ref, perHead) {
      const e = (find(ref) ?? (perHead.includes(ref.op) ? undefined : find({ ...ref, head: 0 })))?.e;
      return e ? { op: ref.op, row: ref.row, col: ref.col, value: e.value, masked: !!e.masked } : null;
    },
    /** The explanation of the last cell of a way, as a frame has it. @param {Ref[]} trail each has an answer */
    explain(trail) {
      const found = trail.map((ref) => /** @type {NonNullable<ReturnType<typeof find>>} */ (find(ref)));
      const { e, from, tree } = found[found.length - 1];
      const steps = Object.assign({}, ...found.map((x) => x.e.steps));
      const crumbs = found.map((x, i) => ({ ...trail[i], value: x.e.value, at: x.e.at }));
      const { tensors } = file(e.step % (layers + 1));
      return { explain: { ...e, steps, trail: crumbs }, tensors: e.sum ? sum(tensors, e.sum, from, tree) : {} };
    },
  };
}

/**
 * The terms of one sum and its tree. Products and sums are stored as the difference
 * of their bits from what the numbers before them predict, as a sound file stores
 * samples, so that most take no room; what comes out is what was recorded.
 * @param {Tensors} tensors
 * @param {Sum} sum
 * @param {number} from first term
 * @param {number} at first number of the tree
 */
function sum({ a, b, t, lane, tree }, { fn, n }, from, at) {
  const terms = new Float32Array(4 * n);
  const lanes = new Float32Array(LANES);
  for (let i = 0; i < n; i++) {
    const [x, y] = [a.data[from + i], b.data[from + i]];
    const made = add(fn === "mul" ? Math.fround(x * y) : 0, t.data[from + i]);
    const after = add(Math.fround(lanes[i % LANES] + made), lane.data[from + i]);
    lanes[i % LANES] = after;
    terms.set([x, y, made, after], 4 * i);
  }
  const all = new Float32Array(2 * LANES - 1);
  for (let i = 0, level = 0, size = LANES; i < all.length; i++) {
    if (i === level + size) [level, size] = [i, size / 2];
    const before = level - 2 * size + (i - level);
    all[i] = add(i < LANES ? lanes[i] : Math.fround(all[before] + all[before + size]), tree.data[at + i]);
  }
  return /** @type {Tensors} */ ({
    "explain.terms": { dtype: "F32", shape: [n, 4], data: terms },
    "explain.tree": { dtype: "F32", shape: [1, all.length], data: all },
  });
}

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** A predicted number, put right. @param {number} predicted @param {number} difference of the bits */
function add(predicted, difference) {
  float[0] = predicted;
  bits[0] ^= difference;
  return float[0];
}
