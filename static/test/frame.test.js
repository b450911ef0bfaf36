import { test } from "node:test";
import assert from "node:assert/strict";
import { decode, parse } from "../js/wire/decode.js";
import { complete, EVICTED, untold } from "../js/wire/triangle.js";
import { cell, percent, si } from "../js/format.js";
import { brief, exact } from "../js/panel/explain/exact.js";
import { bytes, frame } from "./frames.js";

test("a decode frame has one query against every key", () => {
  const f = frame("decode");
  const { rows, cached } = f.meta.pick_step;
  assert.equal(rows, 1);
  assert.deepEqual(f.tensors.scores.shape, [1, cached + 1]);
  assert.deepEqual(f.tensors.K.shape, [cached + 1, f.meta.run.config.head_dim]);
  const sum = f.tensors.probs.data.reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(sum - 1) < 2e-3, `attention sums to ${sum}`);
});

test("a prefill frame is causal", () => {
  const { mask, probs } = frame("prefill").tensors;
  const [m, t] = mask.shape;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < t; j++) {
      assert.equal(mask.data[i * t + j], j <= i ? 1 : 0);
      if (j > i) assert.equal(probs.data[i * t + j], 0);
    }
  }
});

test("before the first step, and before the picked layer ran, there are no matrices", () => {
  assert.equal(frame("start").meta.step, null);
  assert.equal(frame("start").tensors.scores, undefined);
  assert.equal(frame("early").meta.pick.from, null);
  assert.equal(frame("early").tensors.scores, undefined);
  assert.ok(frame("early").tensors.cache_k);
});

test("every truncation is refused", () => {
  const whole = bytes("decode");
  for (let n = 0; n < whole.byteLength; n += 7) assert.throws(() => decode(whole.slice(0, n)), `at ${n}`);
});

test("broken headers are refused", () => {
  const make = (header, extra = 0) => {
    const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
    const buffer = new ArrayBuffer(8 + text.length + extra);
    new DataView(buffer).setBigUint64(0, BigInt(text.length), true);
    new Uint8Array(buffer, 8).set(text);
    return buffer;
  };
  const meta = { __metadata__: { kvstep: "1" } };
  assert.ok(decode(make(meta)));
  assert.throws(() => decode(make("{")));
  assert.throws(() => decode(make({ __metadata__: { kvstep: "2" } })), /protocol 2/);
  assert.throws(
    () => decode(make({ ...meta, x: { dtype: "F16", shape: [2, 2], data_offsets: [0, 6] } }, 8)),
    /tensor x/,
  );
  assert.throws(() => decode(make({ ...meta, x: { dtype: "F16", shape: [2], data_offsets: [8, 12] } }, 8)), /tensor x/);
  assert.throws(() => decode(make({ ...meta, x: { dtype: "BF16", shape: [1], data_offsets: [0, 8] } }, 8)), /tensor x/);
});

test("float16 is read exactly", () => {
  const halves = {
    0x0000: 0,
    0x3c00: 1,
    0xc000: -2,
    0x7bff: 65504,
    0x0001: 2 ** -24,
    0x03ff: 1023 * 2 ** -24,
    0x7c00: Infinity,
    0xfc00: -Infinity,
    0x3555: 0.333251953125,
  };
  const keys = Object.keys(halves).map(Number);
  const text = new TextEncoder().encode(
    JSON.stringify({
      __metadata__: { kvstep: "1" },
      x: { dtype: "F16", shape: [keys.length], data_offsets: [0, 2 * keys.length] },
    }),
  );
  const buffer = new ArrayBuffer(8 + text.length + 2 * keys.length);
  const view = new DataView(buffer);
  view.setBigUint64(0, BigInt(text.length), true);
  new Uint8Array(buffer, 8).set(text);
  keys.forEach((k, i) => view.setUint16(8 + text.length + 2 * i, k, true));
  assert.deepEqual(
    [...decode(buffer).tensors.x.data],
    keys.map((k) => halves[k]),
  );
});

test("numbers that are not finite have a word, and no text is taken for one", () => {
  const v = parse(
    '{"kl":{"float":"NaN"},"logit":[1.5,{"float":"-Infinity"}],"text":"{\\"float\\":\\"NaN\\"}",' +
      '"max":{"float":"Infinity"},"none":null}',
  );
  assert.deepEqual(v, { kl: NaN, logit: [1.5, -Infinity], text: '{"float":"NaN"}', max: Infinity, none: null });
  for (const x of [NaN, Infinity, -Infinity]) {
    for (const f of [brief, exact, cell, percent, (/** @type {number} */ y) => si(y, "B")])
      assert.equal(typeof f(x), "string");
  }
});

test("a triangle becomes a rectangle, and says which numbers it lacks", () => {
  const from = { cached: 2, rows: 3 };
  const tensors = {
    scores: { dtype: "F16", shape: [12], data: Float32Array.from({ length: 12 }, (_, i) => i + 1) },
    probs: { dtype: "F16", shape: [12], data: new Float32Array(12).fill(0.25) },
    evicted: { dtype: "U8", shape: [1, 5], data: Uint8Array.from([4, 0, 0, 0, 0]) }, // before the query at position 3
  };
  const of = (meta, extra = {}) => {
    const all = { ...tensors, ...extra };
    complete({ pick_step: from, ...meta }, all);
    return all;
  };
  const { scores, probs, mask } = of({});
  assert.deepEqual(scores.shape, [3, 5]);
  assert.deepEqual([...scores.data], [1, 2, 3, 0, 0, 4, 5, 6, 7, 0, 8, 9, 10, 11, 12]);
  assert.deepEqual([...mask.data], [1, 1, 1, 0, 0, EVICTED, 1, 1, 1, 0, EVICTED, 1, 1, 1, 1]);
  assert.deepEqual(
    [0, 1, 2].map((i) => [0, 1, 2, 3, 4].filter((j) => untold(scores, i, j))),
    [[3, 4], [4], []],
  );
  assert.ok(!untold(probs, 0, 4) && probs.data[4] === 0); // a masked probability is known
  assert.equal(of({ op: { id: "out", inputs: [] } }).mask, undefined);
  assert.ok(of({ op: { id: "mask", inputs: [] } }).mask);
  assert.throws(() => of({}, { scores: { ...tensors.scores, data: new Float32Array(11) } }), /triangle scores/);
});
