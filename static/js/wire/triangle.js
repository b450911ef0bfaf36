// Pairs of queries and keys: frames have the lower triangle of a causal picture, the page works on
// rectangles and a mask (docs/protocol.md).

/** @import { Op, PickStep, Tensor } from "./frame.js" */

/** In a mask: a later key, a key that is seen, a key that the cache had evicted. */
export const LATER = 0;
export const SEEN = 1;
export const EVICTED = 2;

/** Ops with a number for each token of the vocabulary. */
export const VOCAB = new Set(["logits", "chances"]);

/** Ops after the last layer. */
export const HEAD = new Set(["norm3", ...VOCAB]);

/** Ops with a row for each query and a column for each key. */
export const PAIRS = new Set(["dots", "scores", "mask", "probs"]);

/**
 * Makes rectangles of a file's triangles, and the mask that goes with them.
 * @param {Record<string, unknown>} meta @param {Record<string, Tensor>} tensors
 */
export function complete(meta, tensors) {
  const from = /** @type {PickStep|undefined} */ (meta.pick_step);
  const op = /** @type {Op|null|undefined} */ (meta.op);
  if (!from) return;
  for (const [name, t] of Object.entries(tensors)) {
    if (t.shape.length === 1 && !name.startsWith("without_")) tensors[name] = rectangle(name, t, from);
  }
  if (op ? PAIRS.has(op.id) : tensors.scores) tensors.mask = maskOf(from, tensors.evicted);
}

/**
 * Does a tensor lack the number of a pair, which the mask hides?
 * @param {Tensor} t @param {number} row @param {number} col
 */
export const untold = (t, row, col) => t.cached !== undefined && col > t.cached + row;

/**
 * [rows, positions]. Of probabilities it is known what the mask hides: they are 0.
 * @param {string} name @param {Tensor} t @param {PickStep} from
 * @returns {Tensor}
 */
function rectangle(name, t, { cached, rows }) {
  const positions = cached + rows;
  if (t.data.length !== rows * cached + (rows * (rows + 1)) / 2)
    throw new Error(`frame: triangle ${name} does not fit`);
  const data = new Float32Array(rows * positions);
  for (let i = 0, at = 0; i < rows; i++) {
    const n = cached + i + 1;
    data.set(t.data.subarray(at, at + n), i * positions);
    at += n;
  }
  return { dtype: t.dtype, shape: [rows, positions], data, cached: name.endsWith("probs") ? undefined : cached };
}

/**
 * [rows, positions] of LATER, SEEN and EVICTED.
 * @param {PickStep} from @param {Tensor|undefined} evicted
 * @returns {Tensor}
 */
function maskOf({ cached, rows }, evicted) {
  const positions = cached + rows;
  const data = new Uint8Array(rows * positions);
  for (let i = 0; i < rows; i++) {
    const query = cached + i;
    const row = data.subarray(i * positions, i * positions + query + 1).fill(SEEN);
    if (!evicted) continue;
    for (let j = 0; j <= query; j++) {
      const since = evicted.data[j];
      if (since > 0 && since - 1 <= query) row[j] = EVICTED;
    }
  }
  return { dtype: "U8", shape: [rows, positions], data };
}
