import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { draw, place, stops } from "../js/panel/timeline/map.js";
import { named, why } from "../js/panel/breaks/index.js";
import { createActions } from "../js/actions.js";
import { createStore } from "../js/state/store.js";
import { translator } from "../js/text.js";
import { bytes, frame } from "./frames.js";
import { recorder, pretendBrowser, theme } from "./canvas.js";

pretendBrowser();
globalThis.history = { replaceState() {} };
const words = (lang) =>
  translator(JSON.parse(readFileSync(new URL(`../../web/text/${lang}.json`, import.meta.url), "utf8")), lang);

test("the map shows every bookmark as a flag and every known stop as a dot", () => {
  const f = frame("stopped");
  const { canvas, count, calls } = recorder();
  const layout = place(800, f.meta);
  draw(canvas, 800, layout, f, { ...theme, colors: { ...theme.colors, bad: "#f00" } }, words("en"));
  const shown = f.meta.run.ended ? f.meta.run.recorded : f.meta.run.length;
  const rows = f.meta.breaks.points.filter((p) => p === "token" || p.startsWith("layer:")).length; // dots in the gutter
  assert.equal(count("arc"), stops(f.meta, shown).length + rows);
  assert.equal(
    calls.filter((c) => c[0] === "fillStyle=" && c[1] === "#f00").length,
    stops(f.meta, shown).length + rows,
  );
  assert.equal(count("closePath"), f.meta.marks.length);
  const said = calls.filter((c) => c[0] === "fillText").map((c) => c[1]);
  for (const label of ["L0", "L1", "next"]) assert.ok(said.includes(label), label);
});

test("known stops are those of every pass and those the server found", () => {
  const { meta } = frame("stopped"); // 2 layers and a head, 4 passes; token, layer:1, and found ones
  const want = new Set([1, 2, 4, 5, 7, 8, 10, 11, ...meta.breaks.hits.map((h) => h[0])]);
  assert.deepEqual(
    stops(meta, 12),
    [...want].sort((a, b) => a - b),
  );
  assert.deepEqual(stops({ run: meta.run }, 12), []);
});

test("the map keeps to its box", () => {
  const { meta } = frame("stopped");
  for (const around of [undefined, { left: 4, top: 3, map: 25 }]) {
    const layout = place(390, meta, around);
    const { left, top, map } = layout;
    if (around) assert.deepEqual({ left, top, map }, around);
    for (let n = 0; n < 12; n++) {
      const b = layout.box(n);
      assert.ok(b.x >= left && b.x + b.w <= 390.001 && b.y >= top - 1e-9 && b.y + b.h <= top + map + 1e-9);
      assert.equal(layout.at(b.x + b.w / 2, b.y + b.h / 2), n);
    }
  }
});

test("the map of prefill alone has its whole prompt, and its steps are found", () => {
  const { meta } = frame("stopped");
  const one = { ...meta, run: { ...meta.run, recipe: { ...meta.run.recipe, max_new: 0 } } };
  const layout = place(800, one);
  assert.equal(layout.shown, 1, "a column for prefill");
  for (let n = 0; n <= meta.run.config.layers; n++) {
    const b = layout.box(n);
    assert.ok(Math.abs(b.x + b.w - 800) < 1e-6, "as wide as the map");
    assert.equal(layout.at(b.x + b.w / 2, b.y + b.h / 2), n);
  }
});

test("every breakpoint and every reason is worded, in both languages", () => {
  const f = frame("stopped");
  for (const lang of ["en", "zh"]) {
    const t = words(lang);
    for (const p of f.meta.breaks.points)
      assert.ok(!/break\.|\{\{|undefined/.test(named(p, f.meta, t)), named(p, f.meta, t));
    const here = [
      { point: "token" },
      { point: "layer:1" },
      { point: "cache:1", bytes: 1100 },
      { point: "top", before: "a", now: "b" },
      { point: "attend:0", head: 1, query: 3, prob: 0.62 },
      { point: "differ" },
    ];
    for (const h of here) {
      const s = why({ meta: { ...f.meta, breaks: { here: [h] } } }, t);
      assert.ok(s.length > 8 && !/why\.|\{\{|undefined|NaN/.test(s), s);
    }
    assert.ok(why({ meta: { ...f.meta, breaks: { here: [here[4]] } } }, t).includes("62.0 %"));
  }
  assert.equal(why(frame("decode"), words("en")), "");
  // one unit, as everywhere on the page; older links mean 1024 bytes by the same number
  assert.equal(named("cache:64kB", f.meta, words("en")), "the cache passes 64.0 kB");
  assert.equal(named("cache:64", f.meta, words("en")), "the cache passes 65.5 kB");
  const reason = { meta: { ...f.meta, breaks: { here: [{ point: "cache:32kB", bytes: 33280 }] } } };
  assert.match(why(reason, words("en")), /33,280 bytes, more than 32,000\.$/);
});

/** Actions over a store, with what they send. */
function acting(change = {}) {
  const store = createStore(
    { frame: frame("stopped"), playing: false, lang: "en", cell: null, problem: null, ...change },
    (paint) => paint(),
  );
  const sent = [];
  const act = createActions(store, { send: (c) => (sent.push(c), true) });
  return { store, act, sent };
}

test("bookmarks are set, taken away and gone to", () => {
  const { act, sent } = acting(); // at step 5, bookmarks at 2 and 5
  act.mark();
  act.toMark(-1);
  act.toMark(1);
  assert.deepEqual(sent, [
    { cmd: "mark", marks: [2] },
    { cmd: "seek", step: 2 },
  ]);
  const other = acting({ frame: frame("chosen") }); // none yet
  other.act.mark();
  assert.deepEqual(other.sent, [{ cmd: "mark", marks: [frame("chosen").meta.step.n] }]);
});

test("a breakpoint is switched on and off", () => {
  const { act, sent } = acting();
  act.toggleBreak("layer:1");
  act.toggleBreak("layer:0");
  assert.ok(!sent[0].breaks.includes("layer:1") && sent[0].breaks.includes("top"));
  assert.ok(sent[1].breaks.includes("layer:0") && sent[1].breaks.includes("layer:1"));
});

test("play stops where a breakpoint is reached, and only when the step is new", () => {
  const { act, store } = acting({ playing: true, frame: frame("chosen") });
  act.frame(bytes("stopped"));
  assert.equal(store.get().playing, false);
  store.set({ playing: true });
  act.frame(bytes("stopped")); // the same step again, such as after a pick
  assert.equal(store.get().playing, true);
  act.pause();
});

test("an unreadable frame is a message and the last step stays", () => {
  const { act, store } = acting();
  const before = store.get().frame;
  act.frame(bytes("decode").slice(0, 99));
  assert.equal(store.get().problem.problem, "frame.bad");
  assert.equal(store.get().frame, before);
  act.problem("{ not json");
  assert.equal(store.get().problem.problem, "frame.bad");
});

test("a language that cannot be fetched leaves the words as they are", async () => {
  const store = createStore({ frame: null, lang: "en", t: words("en"), problem: null }, (paint) => paint());
  const act = createActions(
    store,
    { send: () => false },
    {
      words: async () => {
        throw new Error("gone");
      },
      address() {},
    },
  );
  await act.setLang("zh");
  assert.equal(store.get().lang, "en");
  assert.equal(store.get().problem.problem, "words.gone");
});
