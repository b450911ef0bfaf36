import { test } from "node:test";
import assert from "node:assert/strict";
import { stage } from "../js/panel/stage/layout.js";
import { hit } from "../js/ui/plate.js";
import { beside } from "../js/panel/stage/cells.js";
import { OPS, gridsOf, lanesOf, plateName, toCell, toPlate } from "../js/facts/matrices.js";
import { frame } from "./frames.js";
import { timeline } from "../js/panel/timeline/layout.js";

const LANES = ["uncached", "cached"];

test("each product stands at the crossing of its factors, in both lanes, and all of it in its box", () => {
  for (const size of [
    { width: 900, height: 520, m: 18, rows: 18, t: 18, hd: 32 },
    { width: 900, height: 520, m: 1, rows: 40, t: 40, hd: 32 },
    { width: 640, height: 420, m: 64, rows: 64, t: 64, hd: 24 },
    { width: 340, height: 320, m: 12, rows: 12, t: 12, hd: 32 },
    { width: 340, height: 320, m: 1, rows: 60, t: 60, hd: 32 },
    { width: 700, height: 400, m: 1, rows: 128, t: 1024, hd: 64 },
    { width: 900, height: 520, m: 5, rows: 5, t: 5, hd: 4 },
  ])
    for (const lanes of [LANES, ["uncached"], ["cached"]])
      for (const em of [15, 24]) {
        const { plates, notes } = stage({ ...size, em, lanes });
        const all = Object.values(plates);
        assert.equal(all.length, 6 * lanes.length);
        for (const lane of lanes) {
          const [Q, K, scores, probs, V, out] = OPS.map((op) => plates[plateName(lane, op)]);
          assert.deepEqual([scores.y, scores.h, scores.x, scores.w], [Q.y, Q.h, K.x, K.w]);
          assert.deepEqual([out.x, out.w, out.y, out.h], [V.x, V.w, probs.y, probs.h]);
          assert.equal(Q.rows, lane === "cached" ? size.m : size.rows);
        }
        if (lanes.length > 1)
          for (const op of OPS) assert.equal(plates[op].x, plates[plateName("uncached", op)].x, "the same columns");
        for (const a of all) {
          assert.ok(a.w > 0 && a.h > 0 && a.x >= 0 && a.y >= 0, a.name);
          assert.ok(a.x + a.w <= size.width + 1 && a.y + a.h <= size.height, `${a.name} leaves its box`);
          for (const b of [...all, ...Object.values(notes).filter((n) => n.y >= 0)])
            if (a !== b)
              assert.ok(
                a.x + a.w <= b.x + 0.01 ||
                  b.x + b.w <= a.x + 0.01 ||
                  a.y + a.h <= b.y + 0.01 ||
                  b.y + b.h <= a.y + 0.01,
                `${a.name} over ${b.name ?? "a note"}`,
              );
        }
      }
});

test("nothing moves while the text grows: a matrix only grows in its place", () => {
  for (const size of [
    { width: 900, height: 520, em: 15, hd: 32 },
    { width: 340, height: 300, em: 15, hd: 32 },
    { width: 1400, height: 900, em: 28, hd: 24 },
    { width: 900, height: 520, em: 15, hd: 4 },
  ]) {
    const at = (/** @type {number} */ m, /** @type {number} */ t) =>
      Object.values(stage({ ...size, m, rows: t, t, lanes: LANES }).plates);
    let before = at(5, 5); // prefill
    for (let t = 6; t <= 300; t++) {
      const now = at(1, t);
      now.forEach((p, i) => {
        const was = before[i];
        const held = p.name.startsWith("without_") || "KV".includes(p.name) ? [p.y, was.y] : [p.y + p.h, was.y + was.h];
        assert.ok(Math.abs(held[0] - held[1]) < 1e-9, `${p.name} of ${t} moves up or down`);
        const [edge, old] = [p.x, was.x];
        assert.ok(Math.abs(edge - old) < 1e-9 && p.w >= was.w, `${p.name} of ${t} moves or shrinks`);
        if (p.name.startsWith("without_") || t > 6) assert.ok(p.h >= was.h - 1e-9, `${p.name} of ${t} becomes lower`);
      });
      before = now;
    }
  }
});

test("an arrow that leaves a matrix enters the one that stands there", () => {
  const { plates } = stage({ width: 900, height: 520, em: 15, m: 1, rows: 18, t: 18, hd: 32, lanes: LANES });
  const all = Object.values(plates);
  const from = (name, row, col, by) => beside(all, plates[name], { row, col }, by)?.plate.name;
  assert.equal(from("Q", 0, 31, [0, 1]), "scores");
  assert.equal(from("scores", 0, 17, [0, 1]), "probs");
  assert.equal(from("probs", 0, 17, [0, 1]), "out");
  assert.equal(from("scores", 0, 3, [1, 0]), "K");
  assert.equal(from("scores", 0, 3, [-1, 0]), "without_scores");
  assert.equal(from("without_scores", 0, 3, [-1, 0]), "without_K");
  assert.equal(from("out", 0, 3, [1, 0]), "V");
  assert.equal(from("Q", 0, 0, [0, -1]), undefined);
});

test("hit finds every cell by its middle and nothing outside", () => {
  const { plates } = stage({ width: 900, height: 520, em: 15, m: 5, rows: 7, t: 7, hd: 6, lanes: LANES });
  for (const p of Object.values(plates)) {
    for (let row = 0; row < p.rows; row++) {
      for (let col = 0; col < p.cols; col++) {
        assert.deepEqual(hit(p, ((col + 0.5) * p.w) / p.cols, ((row + 0.5) * p.h) / p.rows), { row, col });
      }
    }
    assert.equal(hit(p, -1, 1), null);
    assert.equal(hit(p, p.w + 1, 1), null);
  }
});

test("a cell of a plate is a cell of its tensor: K is drawn transposed, the other lane may leave out rows", () => {
  const kept = { lane: "cached", rows: 1, cached: 0, columns: 6, shown: null, told: true };
  assert.deepEqual(toCell(kept, "K", { row: 2, col: 5 }), { op: "K", row: 5, col: 2 });
  const full = { lane: "uncached", rows: 3, cached: 2, columns: 3, shown: [0, 4, 5], told: true };
  assert.deepEqual(toCell(full, "scores", { row: 2, col: 1 }), { op: "scores", row: 5, col: 4, lane: "uncached" });
  for (const lane of [kept, full])
    for (const op of OPS)
      for (const at of [
        { row: 0, col: 0 },
        { row: 0, col: 2 },
      ])
        assert.deepEqual(toPlate(lane, op, toCell(lane, op, at)), at, op);
  assert.equal(toPlate(kept, "K", toCell(full, "K", { row: 0, col: 0 })), null, "of the other lane");
});

test("the timeline finds every step by the middle of its box", () => {
  for (const size of [
    { width: 800, height: 44, layers: 5, prompt: 18, passes: 32 },
    { width: 300, height: 44, layers: 2, prompt: 1, passes: 1 },
  ]) {
    const t = timeline(size);
    for (let n = 0; n < (size.layers + 1) * size.passes; n++) {
      const b = t.box(n);
      assert.equal(t.at(b.x + b.w / 2, b.y + b.h / 2), n);
      assert.ok(b.x >= 0 && b.x + b.w <= size.width + 1e-6);
    }
  }
});

test("both lanes have one ramp: equal numbers look equal", () => {
  const f = frame("decode");
  const lanes = lanesOf(f);
  assert.deepEqual(
    lanes.map((l) => l.lane),
    LANES,
  );
  for (const op of OPS) {
    const [a, b] = gridsOf(f, lanes, op);
    assert.equal(a.max, b.max, op);
    if (op === "Q" || op === "out")
      for (let c = 0; c < b.cols; c++) assert.equal(a.at(a.rows - 1, c), b.at(b.rows - 1, c), `${op} ${c}`);
  }
});
