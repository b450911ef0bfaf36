import { test } from "node:test";
import assert from "node:assert/strict";
import { stage } from "../js/panel/stage/layout.js";
import { hit, tensorCell } from "../js/ui/plate.js";
import { timeline } from "../js/panel/timeline/layout.js";

test("each product stands at the crossing of its factors", () => {
  for (const size of [
    { width: 900, m: 18, t: 18, hd: 32 },
    { width: 900, m: 1, t: 40, hd: 32 },
    { width: 640, m: 64, t: 64, hd: 24 },
    { width: 320, m: 12, t: 12, hd: 32 },
    { width: 300, m: 1, t: 60, hd: 32 },
  ]) {
    const { plates: p, width, height } = stage(size);
    assert.ok(width <= size.width || size.t > 50, `${width} in ${size.width}`);
    assert.equal(p.scores.y, p.Q.y);
    assert.equal(p.scores.h, p.Q.h);
    assert.equal(p.scores.x, p.K.x);
    assert.equal(p.scores.w, p.K.w);
    assert.equal(p.out.x, p.V.x);
    assert.equal(p.out.y, p.probs.y);
    const all = Object.values(p);
    for (const a of all) {
      assert.ok(a.y + a.h <= height);
      for (const b of all) {
        if (a !== b)
          assert.ok(
            a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y,
            `${a.name} over ${b.name}`,
          );
      }
    }
  }
});

test("hit finds every cell by its middle and nothing outside", () => {
  const { plates } = stage({ width: 900, m: 5, t: 7, hd: 6 });
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

test("K is shown transposed", () => {
  assert.deepEqual(tensorCell("K", { row: 2, col: 5 }), { row: 5, col: 2 });
  assert.deepEqual(tensorCell("V", { row: 2, col: 5 }), { row: 2, col: 5 });
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
