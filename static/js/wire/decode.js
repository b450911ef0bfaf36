// Reads frames: safetensors files whose metadata is JSON (docs/protocol.md).

import { complete } from "./triangle.js";
import { completeLane } from "./without.js";

/** @import { Attention, Frame, Op, Tensor, Without } from "./frame.js" */

/** @typedef {Pick<Tensor, "dtype"|"shape"> & {data_offsets: [number, number]}} Stored a tensor as a header has it */

const WIDTH = { F64: 8, F32: 4, U32: 4, F16: 2, U16: 2, U8: 1 };

/** Every float16 as a float32, by its 16 bits. */
const HALF = (() => {
  const table = new Float32Array(1 << 16);
  for (let bits = 0; bits < table.length; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 0) table[bits] = sign * fraction * 2 ** -24;
    else if (exponent === 31) table[bits] = fraction ? NaN : sign * Infinity;
    else table[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return table;
})();

/**
 * Decodes one frame. Throws an Error that says what is wrong with it. That it has its type
 * is held by Go's tests.
 * @param {ArrayBuffer} buffer
 * @returns {Frame}
 */
export function decode(buffer) {
  const file = read(buffer);
  completeLane(/** @type {Without|null|undefined} */ (file.meta.without), file.tensors);
  return /** @type {Frame} */ (/** @type {unknown} */ (file));
}

/**
 * Decodes a safetensors file of ours: a frame, a record of a handout or a weight matrix.
 * @param {ArrayBuffer} buffer
 * @returns {{meta: Record<string, unknown>, tensors: Record<string, Tensor>, bytes: number}}
 */
export function read(buffer) {
  if (buffer.byteLength < 8) throw new Error("frame: shorter than its header length");
  const length = Number(new DataView(buffer).getBigUint64(0, true));
  const start = 8 + length;
  if (!(start <= buffer.byteLength)) throw new Error("frame: header is cut off");
  /** @type {{__metadata__?: Record<string, string>} & Record<string, unknown>} */
  const header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(buffer, 8, length)));
  /** @type {Record<string, unknown>} */
  const meta = {};
  for (const [key, text] of Object.entries(header.__metadata__ ?? {})) meta[key] = parse(text);
  /** @type {Record<string, Tensor>} */
  const tensors = {};
  for (const [name, t] of Object.entries(header)) {
    if (name !== "__metadata__") tensors[name] = tensor(buffer, start, name, /** @type {Stored} */ (t));
  }
  if (meta.kvstep !== 1) throw new Error(`frame: protocol ${meta.kvstep}, this page speaks 1`);
  for (const input of /** @type {Op|undefined} */ (meta.op)?.inputs ?? []) {
    if (input.max) tensors["op." + input.op] = widen(tensors["op." + input.op], input.max);
  }
  const { attention, without } = /** @type {{attention?: Attention, without?: Without|null}} */ (meta);
  for (const [name, max] of Object.entries({ ...attention?.max, ...without?.max }))
    tensors[name] = widen(tensors[name], max);
  complete(meta, tensors);
  return { meta, tensors, bytes: buffer.byteLength };
}

/** JSON in which a number that is not finite is {"float": its word}. @param {string} text */
export function parse(text) {
  if (!text.includes('{"float":')) return JSON.parse(text);
  return JSON.parse(text, (_, v) =>
    v !== null && typeof v === "object" && typeof v.float === "string" ? Number(v.float) : v,
  );
}

/**
 * A large matrix that nobody reads comes as shares of its largest number: enough for a colour.
 * @param {Tensor} t
 * @param {number} max
 * @returns {Tensor}
 */
export function widen(t, max) {
  const data = new Float32Array(t.data.length);
  for (let i = 0; i < data.length; i++) data[i] = ((t.data[i] - 128) / 127) * max;
  return { dtype: t.dtype, shape: t.shape, data, coarse: true };
}

/**
 * @param {ArrayBuffer} buffer @param {number} start @param {string} name
 * @param {Stored} t
 * @returns {Tensor}
 */
function tensor(buffer, start, name, t) {
  const width = WIDTH[t.dtype];
  const [from, to] = t.data_offsets;
  const count = t.shape.reduce((a, b) => a * b, 1);
  if (!width || to - from !== count * width || from < 0 || start + to > buffer.byteLength) {
    throw new Error(`frame: tensor ${name} does not fit`);
  }
  const bytes = buffer.slice(start + from, start + to); // aligned
  if (t.dtype === "U8") return { dtype: t.dtype, shape: t.shape, data: new Uint8Array(bytes) };
  if (t.dtype === "U16") return { dtype: t.dtype, shape: t.shape, data: new Uint16Array(bytes) };
  if (t.dtype === "U32") return { dtype: t.dtype, shape: t.shape, data: new Uint32Array(bytes) };
  if (t.dtype === "F64") return { dtype: t.dtype, shape: t.shape, data: new Float64Array(bytes) };
  if (t.dtype === "F32") return { dtype: t.dtype, shape: t.shape, data: new Float32Array(bytes) };
  const halves = new Uint16Array(bytes);
  const data = new Float32Array(count); // a loop: from() with a function takes ten times as long
  for (let i = 0; i < count; i++) data[i] = HALF[halves[i]];
  return { dtype: t.dtype, shape: t.shape, data };
}
