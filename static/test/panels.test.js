import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { chart, round, spread } from "../js/panel/history/chart.js";
import { axisRoom, draw } from "../js/panel/history/curves.js";
import { how, say } from "../js/panel/history/index.js";
import { series, unfold } from "../js/panel/history/series.js";
import { hints, paint, words } from "../js/panel/all-heads/index.js";
import { plan } from "../js/panel/cache/plan.js";
import { shade, values } from "../js/panel/cache/paint.js";
import { history, sentence } from "../js/panel/cache/provenance.js";
import { createChoice, createOpen } from "../js/ui/open.js";
import { translator } from "../js/text.js";
import { recorder, pretendBrowser, theme } from "./canvas.js";
import { frame } from "./frames.js";
import { total } from "../js/facts/counters.js";

pretendBrowser();
const text = (lang) =>
  translator(JSON.parse(readFileSync(new URL(`../../web/text/${lang}.json`, import.meta.url), "utf8")), lang);
const say_ = { en: text("en"), zh: text("zh") };

test("ticks are round, begin at 0 and reach the largest value", () => {
  for (const most of [1, 7, 99, 100, 101, 6.5e6, 0.00042, 3e15]) {
    const ticks = round(most, 4);
    assert.equal(ticks[0], 0);
    assert.ok(ticks.at(-1) >= most * (1 - 1e-9) && ticks.at(-1) < 2.1 * most, `${ticks} for ${most}`);
    assert.ok(ticks.length >= 3 && ticks.length <= 7, String(ticks));
    const lead = Number((ticks[1] / 10 ** Math.floor(Math.log10(ticks[1]) + 1e-9)).toFixed(6));
    assert.ok([1, 2, 5, 10].includes(lead), `step ${ticks[1]}`);
  }
});

test("the chart finds every point by its own place, prefill apart", () => {
  for (const [points, first] of [
    [1, 1],
    [2, 1],
    [3, 1],
    [32, 1],
    [480, 1],
    [6, 6],
    [12, 6],
    [192, 6],
  ]) {
    const c = chart({ width: 358, height: 230, points, first, most: 5, axis: 60 });
    for (let p = 0; p < points; p++) {
      assert.equal(c.point(c.x(p)), p, `${points} points`);
      assert.ok(c.x(p) >= c.left && c.x(p) <= c.right);
    }
    assert.ok(points <= first || c.x(first) - c.x(first - 1) > 15);
    assert.equal(c.y(0), c.bottom);
  }
});

test("labels that would overlap stand apart, in order", () => {
  const ys = spread([50, 48, 51, 120], 13, 0, 200);
  const order = [1, 0, 2, 3];
  for (let i = 1; i < 4; i++) assert.ok(ys[order[i]] - ys[order[i - 1]] >= 13 - 1e-9, String(ys));
  assert.ok(spread([199, 198], 13, 0, 200).every((y) => y <= 200));
});

test("the lines of the history are the frame's numbers", () => {
  const f = frame("panels");
  const rows = series(f);
  assert.deepEqual(
    rows.map((r) => [r.lane, r.kind]),
    [
      ["uncached", "dense"],
      ["cached", "ahead"],
      ["uncached", "ahead"],
      ["cached", "paid"],
      ["uncached", "paid"],
    ],
  );
  const passes = f.meta.history.points;
  assert.deepEqual([...rows[2].values], [...f.tensors.history_ahead.data.slice(passes, 2 * passes)]);
  // So far: the last paid point is what the ledger sums up.
  const sum = (lane) => Object.values(f.meta.ledger.total[lane].flops).reduce((a, b) => a + b, 0);
  assert.equal(rows[3].values.at(-1), sum("cached"));
  assert.equal(rows[4].values.at(-1), sum("uncached"));
  assert.deepEqual(
    series(frame("whole")).map((r) => r.kind),
    ["paid", "paid"],
    "no formula tells the time",
  );
});

test("what is said of a pass: paid, so far or ahead", () => {
  const f = frame("panels"); // in the middle of pass 3, the last
  const rows = series(f);
  assert.match(say(f, 1, rows, "FLOP", say_.en), /^decode pass 1 · with cache [\d.]+ kFLOP · without [\d.]+ kFLOP$/);
  assert.match(say(f, 3, rows, "FLOP", say_.en), /so far/);
  const early = frame("halfway");
  assert.match(say(early, 3, series(early), "FLOP", say_.en), /\(ahead\)/);
  assert.match(say(early, 0, series(early), "FLOP", say_.zh), /^预填充 · 有缓存/);
});

test("a modelled time is called so, with its rate and its fixed part", () => {
  const fit = { cached: { rate: 2.5e9, fixed: 1.25e-5, steps: 7 }, uncached: { rate: 3e9, fixed: 0, steps: 7 } };
  assert.match(
    how({ metric: "time", fit }, say_.en),
    /measured.*modelled.*7 steps.*with cache: 2\.50 GFLOP\/s, 12\.5 µs a step; without: 3\.00 GFLOP\/s, 0 s a step/,
  );
  assert.match(how({ metric: "time", fit }, say_.zh), /实测.*估算.*7 步.*2\.50 GFLOP\/s/);
  assert.doesNotMatch(how({ metric: "time" }, say_.en), /modelled/);
  const f = frame("whole"); // measured by a clock that stands, and so without a model
  f.tensors.history_ahead = { shape: [2, 1], data: Float64Array.of(0.004, 0.005) };
  f.meta.history.fit = fit;
  const rows = series(f);
  assert.deepEqual(
    rows.map((r) => [r.lane, r.kind]),
    [
      ["cached", "modelled"],
      ["uncached", "modelled"],
      ["cached", "paid"],
      ["uncached", "paid"],
    ],
  );
  assert.match(
    say(
      f,
      0,
      rows.filter((r) => r.kind === "modelled"),
      "s",
      say_.en,
    ),
    /4\.00 ms \(modelled\)/,
  );
});

test("step by step: every point is a step, and says so", () => {
  const f = frame("steps"); // step 7, layer 1 of decode pass 2
  const { points, first, whole } = f.meta.history;
  const perPass = f.meta.run.config.layers + 1;
  assert.deepEqual([points, first, whole], [f.meta.run.length, perPass, true]);
  const rows = series(f);
  const paid = rows.find((r) => r.kind === "paid" && r.lane === "uncached").values;
  const sum = Object.values(f.meta.ledger.step.uncached.flops).reduce((a, b) => a + b, 0);
  assert.equal(paid.length, 8);
  assert.equal(paid[7], sum);
  assert.deepEqual(
    [...rows.find((r) => r.kind === "ahead" && r.lane === "uncached").values.subarray(0, 8)],
    [...paid],
    "the formulas say what was paid",
  );
  assert.match(say(f, 7, rows, "FLOP", say_.en), /^decode pass 2 · layer 1 · with cache/);
  assert.match(say(f, 2, rows, "FLOP", say_.en), /^prefill · choice of the token · /);
});

test("two numbers for each pass become a point for each step", () => {
  const parts = { dtype: "U32", shape: [2, 4], data: Uint32Array.of(1, 2, 3, 4, 10, 20, 30, 40) };
  assert.deepEqual([...unfold(parts, 2, false).data], [1, 1, 2, 3, 3, 4, 10, 10, 20, 30, 30, 40]);
  assert.deepEqual([...unfold(parts, 2, true).data], [1, 2, 4, 7, 10, 14, 10, 20, 40, 70, 100, 140]);
});

test("a frame at real size has what the panel writes down", () => {
  const { real, pick } = frame("real").meta;
  assert.equal(pick.real, "llama-3-8b@H100");
  assert.deepEqual(
    [real.model, real.layers, real.kv_heads, real.head_dim, real.bytes_per_token, real.plain],
    ["Llama-3-8B", 32, 8, 128, 131072, true],
  );
  assert.ok(
    total(real.step.uncached) > total(real.step.cached) && total(real.step.cached) > 1e6,
    "decode: the uncached lane computes every row again",
  );
  assert.ok(total(real.total.cached) > total(real.step.cached));
  assert.ok(real.least.cached.seconds > 0 && ["memory", "compute"].includes(real.least.cached.bound));
});

test("the chart draws a mark for every pass of each lane and a curve for the rest", () => {
  const f = frame("panels");
  const rows = series(f);
  const { canvas, calls, count } = recorder(358);
  const layout = chart({
    width: 358,
    height: 230,
    points: f.meta.history.points,
    first: f.meta.history.first,
    most: Math.max(...rows.flatMap((r) => [...r.values])),
    axis: axisRoom(canvas, "12px x", 5e6, "FLOP"),
  });
  calls.length = 0;
  draw(canvas, 358, layout, rows, 1, { frame: f, theme, t: say_.en, unit: "FLOP" });
  assert.equal(count("arc"), rows[3].values.length);
  assert.equal(count("closePath"), rows[4].values.length); // diamonds
  const written = calls.filter((c) => c[0] === "fillText").map((c) => c[1]);
  for (const word of ["with cache", "without", "prefill", "decode pass"]) assert.ok(written.includes(word), word);
  assert.ok(
    written.some((w) => /[\d.]+ [kM]FLOP/.test(w)),
    "the axis has a unit",
  );
  const where = calls.filter((c) => c[0] === "arc").map((c) => [c[1], c[2]]);
  assert.deepEqual(where[0], [layout.x(0), layout.y(rows[3].values[0])]);
});

test("hints are the frame's numbers, and a label only where one dominates", () => {
  const f = frame("halfway");
  const data = f.tensors.head_hints.data;
  for (let head = 0; head < f.meta.run.config.heads; head++) {
    const h = hints(f, 0, head);
    assert.equal(h.bits, data[head * 5]);
    const most = Math.max(...data.slice(head * 5 + 1, head * 5 + 5));
    assert.equal(h.dominant?.[1] ?? null, most >= 0.5 ? most : null);
    assert.ok(
      h.shares.every(([, x]) => x >= 0),
      "what no query has is not shown",
    );
    assert.equal(hints(f, 1, head), null);
  }
  assert.match(words(f, 1, 2, say_.en), /Layer 1, head 2: not run yet/);
  assert.match(words(f, 0, 2, say_.zh), /层 0，头 2：熵 [\d.]+ 比特/);
  assert.equal(hints(frame("decode"), 0, 0), null, "a frame without the panel");
});

test("a head's picture is one pixel per cell", () => {
  const f = frame("whole");
  const { canvas, calls } = recorder();
  canvas.classList = { toggle() {} };
  paint(canvas, f.tensors.heads, 1, 3, theme.sequential, true);
  const [, , rows, cols] = f.tensors.heads.shape;
  const image = calls.find((c) => c[0] === "putImageData")[1];
  assert.deepEqual([image.width, image.height, canvas.width, canvas.height], [cols, rows, cols, rows]);
  const words_ = new Uint32Array(image.data.buffer);
  const from = (1 * f.tensors.heads.shape[1] + 3) * rows * cols;
  words_.forEach((w, i) => assert.equal(w, f.tensors.heads.data[from + i]));
});

test("the cache picture finds every row by its middle, however many there are", () => {
  for (const size of [
    { width: 980, layers: 5, heads: 4, capacity: 47 },
    { width: 330, layers: 5, heads: 1, capacity: 47 },
    { width: 330, layers: 3, heads: 8, capacity: 495 },
    { width: 980, layers: 2, heads: 2, capacity: 512 },
  ]) {
    const p = plan(size);
    for (const side of [0, 1]) {
      assert.ok(
        p.x(side) + p.mark * size.capacity <= size.width + 1e-6,
        `${size.width} px clips ${size.capacity} positions`,
      );
      for (let layer = 0; layer < size.layers; layer++) {
        assert.ok(p.y(side, layer) + size.heads * p.strip <= p.height);
        for (let head = 0; head < size.heads; head++) {
          for (const position of [0, 7, size.capacity - 1]) {
            const row = { side, layer, head, position };
            assert.deepEqual(
              p.at(p.x(side) + (position + 0.5) * p.mark, p.y(side, layer) + (head + 0.4) * p.strip),
              row,
            );
          }
        }
      }
    }
    assert.equal(p.at(1, 1), null);
  }
});

test("the arrow keys reach every row of the cache", () => {
  const [layers, heads, held] = [3, 2, 5];
  const p = plan({ width: 500, layers, heads, capacity: 9 });
  const seen = new Set();
  const key = (r) => [r.side, r.layer, r.head, r.position].join();
  let row = { side: 0, layer: 0, head: heads - 1, position: 0 };
  for (let line = 0; line < layers * heads; line++) {
    row = { ...p.step(row, "Home", held), side: 0 };
    for (let i = 0; i < 2 * held; i++) {
      seen.add(key(row));
      row = p.step(row, "ArrowRight", held);
    }
    row = p.step(row, "ArrowUp", held);
  }
  assert.equal(seen.size, 2 * layers * heads * held);
  assert.deepEqual(row, p.step(row, "ArrowUp", held), "the top is the top");
  assert.equal(p.step(row, "x", held), null);
});

test("a row says where it was written and how often it was read and recomputed", () => {
  const f = frame("panels"); // pass 3, layer 1, the last; prompt of 5
  const of = (layer, position) => history(f, { side: 0, layer, head: 0, position });
  assert.deepEqual([of(1, 2).pass, of(1, 2).reads, of(1, 2).again], [0, 3, 3]);
  assert.deepEqual([of(0, 6).pass, of(0, 6).reads, of(0, 6).again], [2, 1, 1]);
  assert.deepEqual([of(1, 7).pass, of(1, 7).reads, of(1, 7).again], [3, 0, 0]);
  const label = f.meta.tokens[2][1];
  assert.ok(
    sentence(f, { side: 1, layer: 1, head: 1, position: 2 }, say_.en).startsWith(
      `V, layer 1, K/V head 1, token 2 “${label}”: written in prefill; read 3 times since; ` +
        "the lane without a cache recomputed it 3 times.",
    ),
  );
  assert.match(
    sentence(f, { side: 0, layer: 0, head: 0, position: 6 }, say_.en),
    /written in decode pass 2; read once since; times the lane without a cache recomputed it: 1\./,
  );
  assert.ok(
    sentence(f, { side: 0, layer: 0, head: 0, position: 6 }, say_.zh).includes("写于解码前向 2；此后被读取 1 次"),
  );
  // A layer that this pass has not reached holds one position less.
  const early = frame("halfway");
  assert.match(sentence(early, { side: 0, layer: 1, head: 0, position: 5 }, say_.en), /not written yet/);
  assert.equal(
    sentence(frame("decode"), { side: 0, layer: 0, head: 0, position: 0 }, say_.en),
    "",
    "no data, no words",
  );
});

test("heat shows the counts, and computing again is hatched", () => {
  const f = frame("panels");
  const read = values(f, "read");
  assert.equal(read.most, 3);
  assert.equal(read.of(0, 0, 0, 0), 255);
  assert.ok(read.of(1, 1, 1, 7) < read.of(1, 1, 1, 6) && read.of(1, 1, 1, 7) > 0);
  const layout = plan({ width: 400, layers: 2, heads: 2, capacity: 8 });
  for (const [view, clips] of [
    ["size", 0],
    ["read", 0],
    ["again", 4],
  ]) {
    const { canvas, count } = recorder(400);
    shade(canvas, 400, layout, { frame: f, theme, t: say_.en, view, here: null });
    assert.equal(count("clip"), clips, view);
  }
});

test("a panel asks for its data when it opens, and a link opens it", () => {
  const asked = [];
  const act = { show: (open, close = []) => asked.push([open, close]) };
  const make = () => Object.assign(new EventTarget(), { open: false });
  const toggle = (el) => el.dispatchEvent(new Event("toggle"));
  const el = make();
  const view = createOpen(el, "history", act, ["history-kv"]);
  toggle(el);
  assert.deepEqual(asked, [], "not before the first frame");
  view({ show: [] });
  el.open = true;
  toggle(el);
  el.open = false;
  toggle(el);
  assert.deepEqual(asked, [
    [["history"], []],
    [[], ["history", "history-kv"]],
  ]);
  const other = make();
  createOpen(other, "heads", act)({ show: ["heads"] });
  assert.equal(other.open, true);
});

test("a choice is one name of the list or none", () => {
  const asked = [];
  const inputs = ["flops", "kv", "time"].map((value) => ({ value, checked: false }));
  const root = Object.assign(new EventTarget(), { querySelectorAll: () => inputs });
  const view = createChoice(
    root,
    "m",
    { kv: "history-kv", time: "history-time" },
    { show: (open, close) => asked.push([open, close]) },
  );
  view({ show: ["history", "history-time"] });
  assert.deepEqual(
    inputs.map((i) => i.checked),
    [false, false, true],
  );
  const change = (value) => {
    const e = new Event("change");
    Object.defineProperty(e, "target", { value: { name: "m", value } });
    root.dispatchEvent(e);
  };
  change("kv");
  change("flops");
  assert.deepEqual(asked, [
    [["history-kv"], ["history-time"]],
    [[], ["history-kv", "history-time"]],
  ]);
});
