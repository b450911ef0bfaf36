// The files that a handout holds (web/export packs them), by step and head.

import { base85 } from "./base85.js";
import { read as readFile, widen } from "../wire/decode.js";

/** @import { Messages } from "../text.js" */
/** @import { Explain, Glossary, Meta, Op, Scope, Tensor } from "../types.js" */

/** @typedef {Record<string, Tensor>} Tensors */
/** @typedef {Omit<Explain, "trail">} Answer its way is the reader's own */

/**
 * A file of a handout, which has what its kind has: of a step all that a frame says, of its other heads only whose
 * they are, and how many rows of K and V the passes before have; of the first the scope; ops; weights; cells.
 * @typedef {{meta: Meta & {before: Partial<Record<"K"|"V"|"lane", number>>, ops: Record<string, Op>,
 * weights: Record<string, number>, cells?: Answer[], scope: Scope}, tensors: Tensors, bytes: number}} Recorded
 */

/** In the place of a head: what heads share, pictures of weights, explanations. Of the last two the step is a layer. */
const OPS = -1;
const WEIGHTS = -2;
export const ANSWERS = -3;
const WORDS = -4; // the catalogue, by language

/**
 * Ops that are all or, unless a head's record has them, the newest rows of what the overview shows, by its name there.
 * @type {Record<string, string>}
 */
const SHOWN = {
  Q: "Q",
  K: "K",
  V: "V",
  k_rope: "K",
  v: "V",
  scores: "scores",
  mask: "mask",
  probs: "probs",
  out: "out",
};

/** @param {string} text @returns {Promise<Map<string, ArrayBuffer>>} */
export async function unpack(text) {
  const zipped = base85(text.trim());
  const stream = new Blob([zipped]).stream().pipeThrough(new DecompressionStream("gzip"));
  return split(await new Response(stream).arrayBuffer());
}

/** @param {ArrayBuffer} buffer */
export function split(buffer) {
  const view = new DataView(buffer);
  /** @type {Map<string, ArrayBuffer>} */
  const records = new Map();
  for (let at = 0; at < buffer.byteLength;) {
    const [n, head, length] = [0, 4, 8].map((i) => view.getInt32(at + i, true));
    records.set(`${n}.${head}`, buffer.slice(at + 12, at + 12 + length));
    at += 12 + length;
  }
  return records;
}

const RECENT = 8; // files that stay read

/** @param {Map<string, ArrayBuffer>} records */
export function createRecords(records) {
  /** @type {Map<string, Recorded>} one moment needs the same few many times */
  const recent = new Map();
  const read = (/** @type {number} */ n, /** @type {number} */ head) => {
    const key = `${n}.${head}`;
    const file = () => readFile(/** @type {ArrayBuffer} */ (records.get(key)));
    // as web/export wrote it
    const known = recent.get(key) ?? /** @type {Recorded} */ (/** @type {unknown} */ (file()));
    recent.delete(key);
    recent.set(key, known);
    if (recent.size > RECENT) recent.delete(/** @type {string} */ (recent.keys().next().value));
    return known;
  };
  const has = (/** @type {number} */ n, /** @type {number} */ head) => records.has(`${n}.${head}`);
  /** The catalogues, and the cards of the glossary: a kind of its own. */
  const said = /** @type {Record<string, Messages> & Record<`terms-${string}`, Glossary>} */ (
    /** @type {unknown} */ (read(0, WORDS).meta)
  );
  const pass = read(-1, 0).meta.run.config.layers + 1;
  /**
   * @type {Map<string, {rows: Tensors, before: Recorded["meta"]["before"]}>} K and V of records that were read, and how
   * many rows the passes before have
   */
  const known = new Map();
  /** @type {Map<string, Tensor|null>} pictures of weights, by layer and op */
  const weights = new Map();

  /** The rows of K or V that one record holds. @param {"K"|"V"} name @param {number} n @param {number} head */
  function part(name, n, head) {
    const key = `${n}.${head}`;
    let kept = known.get(key);
    if (!kept) {
      const {
        meta,
        tensors: { K, V },
      } = read(n, head);
      known.set(key, (kept = { rows: { K, V }, before: meta.before }));
    }
    const { rows, before } = kept;
    return { own: rows[name], before: before[name] ?? 0 };
  }

  /**
   * K or V as a step's attention read them: of records before it, as far as they have not changed, and its own.
   * @param {"K"|"V"} name
   * @param {number} n
   * @param {number} head
   */
  function cached(name, n, head) {
    const parts = [];
    for (let i = n, more = 1; more > 0; i -= pass) {
      const { own, before } = part(name, i, head);
      parts.unshift(own);
      more = before;
    }
    return joined(parts);
  }

  /** One op's tensor; undefined where this copy lacks it. @param {number} n @param {number} head @param {string} id */
  function op(n, head, id) {
    const own = has(n, head) && n % pass < pass - 1 ? read(n, head).tensors["op." + id] : undefined;
    if (!own && id in SHOWN && has(n, head)) {
      const name = SHOWN[id];
      if (id === "K" || id === "V") return cached(id, n, head);
      if (name === "K" || name === "V") return last(part(name, n, head).own, read(n, 0).meta.step?.rows ?? 0);
      return read(n, head).tensors[name];
    }
    if (own || !has(n, OPS)) return own;
    const shared = read(n, OPS).tensors["op." + id];
    return shared ?? (id === "x" && has(n - 1, OPS) ? read(n - 1, OPS).tensors["op.next"] : undefined);
  }

  return {
    has,
    read,
    cached,
    op,
    words: said,
    /** The cards of the glossary. @param {string} lang @returns {Glossary} */
    terms: (lang) => said[`terms-${lang}`],
    /** What a frame says of an op. @param {number} n @param {string} id */
    about: (n, id) => (has(n, OPS) ? read(n, OPS).meta.ops[id] : undefined),
    /**
     * The picture of a weight matrix.
     * @param {number} layer
     * @param {string} id
     * @returns {Tensor|null}
     */
    weight(layer, id) {
      const key = `${layer}.${id}`;
      if (!weights.has(key)) {
        const { meta, tensors } = has(layer, WEIGHTS)
          ? read(layer, WEIGHTS)
          : { meta: { weights: /** @type {Record<string, number>} */ ({}) }, tensors: /** @type {Tensors} */ ({}) };
        weights.set(key, tensors[id] ? (meta.weights[id] ? widen(tensors[id], meta.weights[id]) : tensors[id]) : null);
      }
      return weights.get(key) ?? null;
    },
  };
}

/** @param {Tensor[]} parts */
function joined(parts) {
  const rows = parts.reduce((sum, x) => sum + x.shape[0], 0);
  const data = new Float32Array(rows * parts[0].shape[1]);
  let at = 0;
  for (const x of parts) {
    data.set(x.data, at);
    at += x.data.length;
  }
  return { dtype: "F16", shape: [rows, parts[0].shape[1]], data };
}

/** @param {Tensor} x @param {number} rows */
const last = (x, rows) => ({
  ...x,
  shape: [rows, x.shape[1]],
  data: x.data.subarray((x.shape[0] - rows) * x.shape[1]),
});
