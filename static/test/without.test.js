// The lane without a cache, as frames have it.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { frame } from "./frames.js";
import { translator } from "../js/text.js";
import { reason } from "../js/panel/explain/reason.js";
import { readout } from "../js/facts/readout.js";
import { completeLane, unlike } from "../js/wire/without.js";

/** @import { Frame, Tensor } from "../js/types.js" */

const NAMES = readdirSync(new URL("frames/", import.meta.url)).map((f) => f.replace(".safetensors", ""));
const load = (/** @type {string} */ lang) =>
  JSON.parse(readFileSync(new URL(`../../web/text/${lang}.json`, import.meta.url), "utf8"));
const near = (/** @type {number} */ a, /** @type {number} */ b, /** @type {string} */ what) =>
  assert.ok(Math.abs(a - b) <= 0.004 * (1 + Math.abs(a)), `${what}: ${a} and ${b}`);

/** @param {Frame} f @param {string} name @returns {Tensor} */
const of = (f, name) => /** @type {Record<string, Tensor>} */ (f.tensors)["without_" + name];

test("every frame has the whole square of the lane, in which attention is what its own Q, K and V make", () => {
  const seen = new Set();
  for (const name of NAMES) {
    const f = frame(name);
    const { without } = f.meta;
    if (without) seen.add(without.source);
    if (!unlike(without)) continue;
    const [q, k, v, scores, probs, out] = ["Q", "K", "V", "scores", "probs", "out"].map((x) => of(f, x));
    const [rows, dim] = q.shape;
    assert.equal(rows, without.rows, name);
    for (const x of [k, v, out]) assert.deepEqual(x.shape, [rows, dim], name);
    for (const x of [scores, probs]) assert.deepEqual(x.shape, [rows, rows], name);
    for (let i = 0; i < rows; i++) {
      let all = 0;
      for (let j = 0; j <= i; j++) {
        let dot = 0;
        for (let d = 0; d < dim; d++) dot += q.data[i * dim + d] * k.data[j * dim + d];
        near(dot / Math.sqrt(dim), scores.data[i * rows + j], `${name} score ${i} ${j}`);
        all += Math.exp(scores.data[i * rows + j]);
      }
      for (let j = 0; j <= i; j++)
        near(Math.exp(scores.data[i * rows + j]) / all, probs.data[i * rows + j], `${name} share ${i} ${j}`);
      for (let j = i + 1; j < rows; j++) assert.equal(probs.data[i * rows + j], 0, name);
      for (let d = 0; d < dim; d++) {
        let mix = 0;
        for (let j = 0; j <= i; j++) mix += probs.data[i * rows + j] * v.data[j * dim + d];
        near(mix, out.data[i * dim + d], `${name} out ${i}`);
      }
    }
  }
  assert.deepEqual([...seen].sort(), ["computed", "none", "recorded", "same"]);
});

test("of many rows some are shown, and the new ones are the cached lane's", () => {
  const half = (/** @type {number[]} */ shape, /** @type {number[]} */ data) => ({
    dtype: /** @type {const} */ ("F16"),
    shape,
    data: new Float32Array(data),
  });
  /** @type {Record<string, Tensor>} */
  const tensors = {
    Q: half([1, 1], [6]),
    K: half([6, 1], [10, 11, 12, 13, 14, 15]),
    V: half([6, 1], [20, 21, 22, 23, 24, 25]),
    out: half([1, 1], [36]),
    scores: half([1, 6], [50, 51, 52, 53, 54, 55]),
    probs: half([1, 6], [60, 61, 62, 63, 64, 65]),
    without_Q: { ...half([2, 1], [1, 3]), coarse: true },
    without_out: half([2, 1], [31, 33]),
    without_scores: half([3], [100, 120, 122]),
    without_probs: half([3], [200, 220, 222]),
  };
  completeLane({ step: 9, rows: 6, cached: 5, shown: [0, 2, 5], source: "recorded" }, tensors);
  const rows = (/** @type {string} */ x) => [...tensors["without_" + x].data];
  assert.deepEqual(rows("Q"), [1, 3, 6]);
  assert.equal(tensors.without_Q.coarse, true);
  assert.deepEqual(rows("K"), [10, 12, 15]);
  assert.deepEqual(rows("V"), [20, 22, 25]);
  assert.deepEqual(rows("out"), [31, 33, 36]);
  assert.deepEqual(rows("scores"), [100, 0, 0, 120, 122, 0, 50, 52, 55]);
  assert.deepEqual(rows("probs"), [200, 0, 0, 220, 222, 0, 60, 62, 65]);
});

test("a cell of the lane says who computed its row first, and that nothing was read from a cache", () => {
  const f = frame("again");
  const e = f.meta.explain;
  assert.ok(e);
  assert.equal(e.lane, "uncached");
  assert.equal(e.kind, "copy");
  assert.equal(e.first, 1);
  assert.deepEqual(
    e.reads.map((x) => [x.step, x.op, x.row, x.lane, x.stored]),
    [[e.step, "k_rope", 2, "uncached", undefined]],
  );
  for (const lang of ["en", "zh"]) {
    const t = translator(load(lang), lang);
    const said = reason(f, t);
    assert.ok(said.includes(t("where.prefill")) && !/\{\{|undefined|explain\./.test(said), said);
  }
});

test("the readout tells a cell of the lane, whose rows are positions", () => {
  const t = translator(load("en"), "en");
  const f = frame("again");
  const cell = /** @type {const} */ ({ op: "scores", row: 1, col: 1, lane: "uncached" });
  const said = readout({ frame: f, cell, t });
  assert.ok(said && !said.masked && !said.exact);
  near(Number(said.value.replace("−", "-")), of(f, "scores").data[of(f, "scores").shape[1] + 1], "score");
  assert.equal(readout({ frame: f, cell: { ...cell, col: 3 }, t })?.masked, true);
});
