import { test } from "node:test";
import assert from "node:assert/strict";
import { paint, pixels } from "../js/ui/matrix.js";
import { largest } from "../js/scale/linear.js";
import { around } from "../js/panel/stage/around.js";
import { says } from "../js/panel/stage/captions.js";
import { stage } from "../js/panel/stage/layout.js";
import { recorder, pretendBrowser, theme } from "./canvas.js";
import { panel as toPlots } from "../js/panel/to-plots/index.js";
import { readFileSync } from "node:fs";
import { translator } from "../js/text.js";
import { frame } from "./frames.js";
import { pieces as bar, total } from "../js/facts/counters.js";
import { readout } from "../js/facts/readout.js";

pretendBrowser();

test("a run of prefill alone leads to figures that can be drawn", () => {
  const link = /** @type {any} */ ({});
  const f = frame("decode");
  for (const [new_, want] of [
    [0, ""],
    [7, "7"],
  ]) {
    f.meta.run.recipe.max_new = new_;
    toPlots.create(link)({ frame: f, lang: "en" });
    assert.equal(new URLSearchParams(link.href.split("?")[1]).get("new"), want);
  }
});

test("the ledger's bars add up, and only the uncached lane computes again", () => {
  const { cached, uncached } = frame("decode").meta.ledger.step;
  const longest = total(uncached);
  const sum = (pieces) => pieces.reduce((s, p) => s + p.share, 0);
  assert.ok(Math.abs(sum(bar(uncached, cached, longest)) - 1) < 1e-12);
  assert.ok(Math.abs(sum(bar(cached, cached, longest)) - total(cached) / longest) < 1e-12);
  assert.ok(bar(cached, cached, longest).every((p) => !p.again));
  // What both lanes pay comes first, so that the solid stretches are equally long.
  const pieces = bar(uncached, cached, longest);
  const turn = pieces.findIndex((p) => p.again);
  assert.ok(pieces.slice(turn).every((p) => p.again));
  assert.ok(Math.abs(sum(pieces.slice(0, turn)) - sum(bar(cached, cached, longest))) < 1e-12);
  assert.ok(bar(uncached, cached, longest).some((p) => p.again));
  assert.deepEqual(bar(undefined, cached, 1), []);
});

test("in prefill nothing is recomputed", () => {
  const { cached, uncached } = frame("prefill").meta.ledger.step;
  assert.ok(bar(uncached, cached, total(uncached)).every((p) => !p.again));
});

test("a matrix is one colour per cell, hatched where it is masked", () => {
  const { probs, mask } = frame("prefill").tensors;
  const [rows, cols] = probs.shape;
  const grid = {
    rows,
    cols,
    at: (r, c) => probs.data[r * cols + c],
    max: 1,
    signed: false,
    masked: (r, c) => mask.data[r * cols + c] === 0,
  };
  const p = pixels(grid, theme.sequential);
  const words = new Uint32Array(p.data.buffer);
  assert.equal(words.length, rows * cols);
  words.forEach((w, i) => assert.equal(w, Math.round(probs.data[i] * 255)));
  const { canvas, count } = recorder();
  paint(canvas, { name: "probs", x: 0, y: 0, w: 100, h: 100, rows, cols }, grid, theme.sequential, {
    hatch: "#999",
    line: "#fff",
  });
  assert.equal(count("rect"), rows - 1); // each row but the last masks one run
  assert.equal(count("drawImage"), 1);
});

test("around the stage: queries have names, cached is parted from new, and each lane has its colour", () => {
  const f = frame("decode");
  const { canvas, calls } = recorder();
  const [m, t] = f.tensors.scores.shape;
  const kept = { lane: "cached", rows: m, cached: 0, columns: t, shown: null, told: true };
  const size = { width: 900, height: 500, em: 15, m, t, rows: t, hd: f.meta.run.config.head_dim };
  const say = (/** @type {string} */ id) => id;
  around(canvas, stage({ ...size, lanes: ["cached"] }), [kept], f, theme, say);
  const words = calls.filter((c) => c[0] === "fillText").map((c) => c[1]);
  assert.ok(words.includes(f.meta.tokens[t - 1][1]));
  assert.deepEqual(
    words.filter((w) => /^[·=→]$/.test(w)),
    ["=", "→", "="],
    "Q with K makes S, of which comes A, which with V makes O",
  );
  assert.ok(words.includes("legend.cached") && words.includes("stage.new"), "the brackets have words");
  const strokes = calls.filter((c) => c[0] === "strokeStyle=").map((c) => c[1]);
  assert.ok(strokes.includes(theme.colors.cached) && strokes.includes(theme.colors.fresh));
  assert.ok(
    calls.some((c) => c[0] === "fillStyle=" && c[1] === theme.colors.cached),
    "the lane's rule",
  );
});

test("a layer that has not run in this pass is of the pass in which it ran, and says so", () => {
  const f = frame("decode");
  const en = JSON.parse(readFileSync(new URL("../../web/text/en.json", import.meta.url), "utf8"));
  const t = translator(en, "en");
  const drawn = (/** @type {any} */ f) => {
    const { canvas, calls } = recorder();
    const [m, n] = f.tensors.scores.shape;
    const kept = { lane: "cached", rows: m, cached: 0, columns: n, shown: null, told: true };
    const size = { width: 900, height: 500, em: 15, m, t: n, rows: n, hd: f.meta.run.config.head_dim };
    around(canvas, stage({ ...size, lanes: ["cached"] }), [kept], f, theme, t);
    const note = { children: [{}, {}], style: { setProperty() {} } };
    says(note, kept, { notes: { cached: { x: 0, y: 0, w: 1, h: 1 } } }, f, t);
    return [...calls.filter((c) => c[0] === "fillText").map((c) => c[1]), note.children[1].textContent].join("|");
  };
  const { pass } = f.meta.pick_step;
  assert.equal(f.meta.step.pass, pass);
  assert.ok(drawn(f).includes(`new in pass ${pass}|`) && !drawn(f).includes(`In pass ${pass}:`), drawn(f));
  const later = drawn({ ...f, meta: { ...f.meta, step: { ...f.meta.step, pass: pass + 1 } } });
  assert.ok(later.includes(`new in pass ${pass}|`) && later.includes(`In pass ${pass}:`), later);
});

test("the readout shows the value at hand, then the exact one", () => {
  const f = frame("decode");
  const t = (id, args) => `${id} ${JSON.stringify(args)}`;
  const exact = readout({ frame: f, cell: { op: "scores", row: 0, col: 1 }, t });
  assert.equal(exact.exact, true);
  assert.equal(exact.value, f.meta.cell.value);
  const rough = readout({ frame: f, cell: { op: "probs", row: 0, col: 0 }, t });
  assert.equal(rough.exact, false);
  assert.ok(Math.abs(Number(rough.value) - f.tensors.probs.data[0]) < 1e-3);
  assert.equal(readout({ frame: f, cell: { op: "probs", row: 7, col: 0 }, t }), null);
  assert.equal(readout({ frame: frame("start"), cell: { op: "Q", row: 0, col: 0 }, t }), null);
});

test("largest ignores what is not finite", () => {
  assert.equal(largest([1, -3, Infinity, NaN]), 3);
});
