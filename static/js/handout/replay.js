// Answers the page's commands from recorded frames, as a server would: what
// was recorded can be visited, nothing new is run.

import { decode } from "../wire/frame.js";

/** @typedef {import("../wire/frame.js").Frame} Frame */
/** @typedef {{layer: number|null, head: number, show?: string[]}} Pick show are open panels; their data is there anyway */

/** Those of the picked layer and head; every other tensor is of the whole step. */
const MATRICES = ["Q", "K", "V", "scores", "mask", "probs", "out"];

/**
 * Frames by "step.head" (web/take packs them): those of head 0 are whole, the
 * others have the matrices of their head only.
 * @param {string} base64
 * @returns {Promise<Map<string, ArrayBuffer>>}
 */
export async function unpack(base64) {
  const zipped = Uint8Array.from(atob(base64.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([zipped]).stream().pipeThrough(new DecompressionStream("gzip"));
  return split(await new Response(stream).arrayBuffer());
}

/** @param {ArrayBuffer} buffer */
export function split(buffer) {
  const view = new DataView(buffer);
  const records = new Map();
  for (let at = 0; at < buffer.byteLength; ) {
    const [n, head, length] = [0, 4, 8].map((i) => view.getInt32(at + i, true));
    records.set(`${n}.${head}`, buffer.slice(at + 12, at + 12 + length));
    at += 12 + length;
  }
  return records;
}

/**
 * @param {Map<string, ArrayBuffer>} records @param {(frame: Frame) => void} show
 * @param {{step: number, pick: Pick, marks: number[]}} start
 */
export function createReplay(records, show, start) {
  const read = (/** @type {number} */ n, /** @type {number} */ head) => decode(/** @type {ArrayBuffer} */ (records.get(`${n}.${head}`)));
  const { config, recorded } = read(-1, 0).meta.run;
  const pass = config.layers + 1;
  const last = recorded - 1;
  let at = clamp(start.step, last);
  let pick = start.pick;
  let marks = start.marks.filter((n) => n >= 0 && n <= last);
  let seq = 0;

  /** @type {Map<string, Record<string, import("../wire/frame.js").Tensor>>} tensors of records that were read */
  const known = new Map();
  /** K or V of every position up to a step: each record holds the rows of its own pass. @param {"K"|"V"} name @param {number} n @param {number} head */
  function cached(name, n, head) {
    const parts = [];
    for (let i = n % pass; i <= n; i += pass) {
      const key = `${i}.${head}`;
      if (!known.has(key)) {
        const { K, V } = read(i, head).tensors;
        known.set(key, { K, V });
      }
      parts.push(/** @type {any} */ (known.get(key))[name]);
    }
    const rows = parts.reduce((sum, x) => sum + x.shape[0], 0);
    const data = new Float32Array(rows * parts[0].shape[1]);
    let at = 0;
    for (const x of parts) {
      data.set(x.data, at);
      at += x.data.length;
    }
    return { dtype: "F16", shape: [rows, parts[0].shape[1]], data };
  }

  /** The moment at the cursor: words of its step, matrices of the picked layer and head. */
  function moment() {
    const base = read(at, 0);
    const layer = Math.min(pick.layer ?? base.meta.pick.layer, config.layers - 1);
    const head = Math.min(Math.max(pick.head, 0), config.heads - 1);
    const from = at - layer < 0 ? null : layer + pass * Math.floor((at - layer) / pass); // the latest that ran it
    const other = from === null ? null : read(from, head);
    const tensors = { ...base.tensors };
    for (const name of MATRICES) {
      delete tensors[name];
      if (other?.tensors[name]) tensors[name] = name === "K" || name === "V" ? cached(name, /** @type {number} */ (from), head) : other.tensors[name];
    }
    const query = new URLSearchParams(base.meta.link);
    query.set("step", String(at));
    if (pick.layer !== null) query.set("layer", String(layer));
    query.set("head", String(head));
    if (marks.length) query.set("mark", marks.join());
    return {
      bytes: base.bytes,
      tensors,
      meta: {
        ...base.meta, seq: ++seq, cell: null, marks: marks.length ? marks : undefined, link: "?" + query,
        pick: { ...base.meta.pick, show: pick.show ?? [], kv_head: Math.floor((head * config.kv_heads) / config.heads), layer, head, from, follow: pick.layer === null },
        pick_step: other?.meta.pick_step,
      },
    };
  }

  /** @param {any} c */
  function obey(c) {
    switch (c.cmd) {
      case "forward": return (at = c.by === "end" ? last : c.by === "token" ? Math.min(at + pass - ((at + 1) % pass), last) : clamp(at + 1, last));
      case "back": return (at = c.by === "token" ? Math.max(at - 1 - (at % pass), -1) : clamp(at - 1, last));
      case "seek": return (at = clamp(c.step, last));
      case "pick": return (pick = { layer: c.layer, head: c.head, show: c.show });
      case "mark": return (marks = [...new Set(/** @type {number[]} */ (c.marks))].sort((a, b) => a - b));
    }
  }
  return {
    /** @param {object} command */
    send(command) {
      obey(command);
      queueMicrotask(() => show(moment()));
      return true;
    },
  };
}

/** @param {number} n @param {number} last */
const clamp = (n, last) => Math.min(Math.max(n, -1), last);
