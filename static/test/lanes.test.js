import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { translator } from "../js/text.js";
import { hasLane, waits } from "../js/facts/lanes.js";
import { lampSays } from "../js/facts/equality.js";
import { details as sentence } from "../js/panel/details/index.js";
import { sentence as rowSays } from "../js/panel/cache/provenance.js";
import { chart } from "../js/panel/history/chart.js";
import { draw } from "../js/panel/history/curves.js";
import { say as pointSays } from "../js/panel/history/index.js";
import { counted, series } from "../js/panel/history/series.js";
import { timeSays } from "../js/panel/ledger/index.js";
import { createLaneSwitch } from "../js/ui/lane-switch.js";
import { recorder, pretendBrowser, theme } from "./canvas.js";
import { frame } from "./frames.js";

pretendBrowser();
const say = Object.fromEntries(
  ["en", "zh"].map((lang) => [
    lang,
    translator(JSON.parse(readFileSync(new URL(`../../web/text/${lang}.json`, import.meta.url), "utf8")), lang),
  ]),
);

test("a run has the lanes that its recipe names", () => {
  const has = (lanes) => [hasLane(lanes, "cached"), hasLane(lanes, "uncached")];
  assert.deepEqual(has("both"), [true, true]);
  assert.deepEqual(has("both:64"), [true, true]);
  assert.deepEqual(has("cached"), [true, false]);
  assert.deepEqual(has("uncached"), [false, true]);
});

test("the lamp says how far equality was proved, and nothing of what was not compared", () => {
  const { meta } = frame("counted"); // 5 tokens, then 6; from 7 on the lane waits
  assert.ok(waits(meta));
  assert.deepEqual(lampSays(meta, say.en), {
    state: "counted",
    says: "identical, bit for bit, in the first 6 tokens; counted from there",
    more: "",
  });
  assert.match(lampSays(meta, say.zh).says, /前 6 个词元逐位相同/);
  const none = { ...meta, step: { ...meta.step, compared: 0 } };
  assert.deepEqual(lampSays(none, say.en), {
    state: "off", // no ring: nothing was compared
    says: "counted, not run: nothing was compared",
    more: "",
  });
  const bad = { ...meta, step: { ...meta.step, differed: true } };
  assert.deepEqual([lampSays(bad, say.en).state, /differed/.test(lampSays(bad, say.en).says)], ["differs", true]);
});

test("under a policy that changes the output the lamp says what is not known", () => {
  const { meta } = frame("untold");
  const lamp = lampSays(meta, say.en);
  assert.equal(lamp.state, "counted");
  assert.equal(lamp.says, "compared in the first 6 tokens; counted from there");
  assert.match(lamp.more, /^After 6 tokens: largest logit difference [\d.e-]+, /);
  assert.match(lamp.more, /what the policy changes from there is not known\./);
  assert.match(lamp.more, new RegExp(`in pass ${meta.effect.pass}: KL divergence`));
  assert.match(lampSays(meta, say.zh).more, /无从得知。/);
  const never = frame("never").meta;
  assert.equal(never.effect, undefined);
  assert.match(lampSays(never, say.en).says, /counted, not run: what the policy changes is not known/);
});

test("words of a lane that waits say what it would compute, not that it did", () => {
  const f = frame("counted");
  assert.match(sentence(f, say.en), /Without a cache 7 rows would be recomputed/);
  assert.doesNotMatch(sentence(f, say.en), /recomputed 7/);
  const row = { side: 0, layer: 1, head: 0, position: 0 };
  assert.match(rowSays(f, row, say.en), /without a cache it would be recomputed 3 times/);
  assert.match(sentence(frame("decode"), say.en), /The lane without a cache recomputed/);
});

test("the history of times has a point only where something was measured", () => {
  const f = frame("counted");
  const rows = series(f);
  const paid = rows.filter((r) => r.kind === "paid");
  const points = paid.map((r) => [...r.values].filter((x) => x >= 0).length);
  assert.deepEqual(points, [11, 6]);
  assert.match(pointSays(f, 10, rows, "s", say.en), /without: not measured$/);
  assert.doesNotMatch(pointSays(f, 5, rows, "s", say.en), /not measured/);
  const { canvas, calls, count } = recorder(358);
  const { points: all, first } = f.meta.history;
  const layout = chart({ width: 358, height: 230, points: all, first, most: 1, axis: 60 });
  draw(canvas, 358, layout, rows, 10, { frame: f, theme, t: say.en, unit: "s" });
  assert.deepEqual([count("arc"), count("closePath")], [11, 6]); // a disc with the cache, a diamond without
  assert.ok(calls.every(([, ...args]) => args.every((a) => !Number.isNaN(a))));
});

test("what was only counted is hollow, and is called so", () => {
  const f = frame("counted");
  f.meta.history.metric = "flops";
  const rows = series(f).map((r) => ({ ...r, values: r.values.map((x) => (Number.isNaN(x) ? 1 : x)) }));
  const paid = rows.filter((r) => r.kind === "paid");
  const { points, first } = f.meta.history;
  const layout = chart({ width: 358, height: 230, points, first, most: 1, axis: 60 });
  const { canvas, calls } = recorder(358);
  draw(canvas, 358, layout, paid, 10, { frame: f, theme, t: say.en, unit: "FLOP" });
  const lines = calls.filter(([name]) => ["closePath", "stroke"].includes(name)).map(([name]) => name);
  const hollow = lines.filter((name, i) => name === "stroke" && lines[i - 1] === "closePath").length;
  assert.equal(hollow, 5); // of 11 points the lane ran 6
  assert.equal([...paid[0].values.keys()].filter((p) => counted(f, p)).length, 5);
  assert.match(pointSays(f, 10, rows, "FLOP", say.en), /counted, not run/);
  assert.doesNotMatch(pointSays(f, 5, rows, "FLOP", say.en), /counted, not run/);
});

/** The switch as the page has it, without a page. */
function lever() {
  const label = { hidden: true, toggleAttribute: (_, on) => (label.hidden = on) };
  const kind = { value: "both", focus() {} };
  const tokens = { value: "64", closest: () => label };
  const heard = {};
  const go = { hidden: true, addEventListener: (_, f) => (go.press = f) };
  const pending = { textContent: "" };
  const root = {
    querySelector: (what) => ({ select: kind, input: tokens, "[data-run]": go, "[data-pending]": pending })[what],
    querySelectorAll: () => [],
    addEventListener: (name, f) => (heard[name] = f),
  };
  return { root, kind, tokens, label, go, pending, change: (target) => heard.change({ target }) };
}

test("the time of a cold first step is called so, and that of later steps is of those in which both are warm", () => {
  const f = frame("decode");
  const { ledger, step } = f.meta;
  const one = { cached: { seconds: 0.002 }, uncached: { seconds: 0.001 } };
  const of = (/** @type {number} */ cached, /** @type {string} */ span, /** @type {object} */ more = {}) =>
    timeSays({ meta: { ledger: { step: one, total: one, ...more }, step: { ...step, cached } } }, span, (id) => id);
  assert.ok(ledger.step.cached && ledger.step.uncached);
  assert.match(of(0, "step")[2], /cold$/);
  assert.deepEqual(of(16, "step"), [0.002, 0.001, "kind.measured"]);
  const timed = { cached: 0.1, uncached: 0.3, steps: 5 };
  assert.deepEqual(of(16, "total", { timed }), [0.1, 0.3, "kind.measured.steps"]);
});

test("the switch begins the run anew at the same step, with the lanes that were chosen", () => {
  const { root, kind, tokens, label, go, pending, change } = lever();
  const done = [];
  const act = { run: (r) => done.push(["run", r.lanes, r.max_new]), seek: (n) => done.push(["seek", n]) };
  const lanes = createLaneSwitch(root, act);
  const f = frame("counted");
  lanes.view({ frame: f, t: say.en });
  assert.deepEqual([kind.value, tokens.value, label.hidden, lanes.value()], ["both:", "6", false, "both:6"]);
  tokens.value = "40";
  change(tokens);
  assert.deepEqual([done, go.hidden, pending.textContent], [[], false, "not yet run"], "a change waits for New run");
  go.press();
  kind.value = "cached";
  change(kind);
  go.press();
  assert.deepEqual([label.hidden, lanes.value()], [true, "cached"]);
  const { max_new } = f.meta.run.recipe;
  const at = ["seek", f.meta.step.n];
  assert.deepEqual(done, [["run", "both:40", max_new], at, ["run", "cached", max_new], at]);
  kind.value = "both:";
  change(kind);
  go.press();
  assert.deepEqual(done[4], ["run", "both:8", max_new], "the 8 tokens that the run has by now");
});

test("in the form the switch waits for the form", () => {
  const { root, kind, change } = lever();
  const lanes = createLaneSwitch(root);
  lanes.set("both:12");
  assert.deepEqual([kind.value, lanes.value()], ["both:", "both:12"]);
  change(kind);
  lanes.set("uncached");
  assert.equal(lanes.value(), "uncached");
});

test("times are set beside each other only where they compare", () => {
  const f = frame("prefill");
  assert.equal(f.meta.step.cached, 0);
  for (const span of ["step", "pass", "total"])
    assert.deepEqual(timeSays(f, span, say.en), [null, null, "first run, cold: not comparable"], span);
  const alone = structuredClone(f.meta);
  for (const span of ["step", "pass", "total"]) alone.ledger[span].uncached = undefined;
  assert.deepEqual(timeSays({ ...f, meta: alone }, "step", say.en)[2], "measured", "one lane is compared with nothing");
  const decode = frame("decode");
  const { cached, uncached } = decode.meta.ledger.step;
  assert.deepEqual(timeSays(decode, "step", say.en), [cached.seconds ?? 0, uncached.seconds ?? 0, "measured"]);
});

test("a line about the time of prefill says that it does not compare", () => {
  const f = frame("decode");
  const rows = ["cached", "uncached"].map((lane) => ({ lane, kind: "paid", values: [0.002, 0.001] }));
  const at = (point, change) => {
    const history = { metric: "time", by: "pass", total: false, points: 4, first: 1, whole: true, ...change };
    return pointSays({ ...f, meta: { ...f.meta, history } }, point, rows, "s", say.en);
  };
  assert.match(at(0, {}), /prefill ran cold: its times do not compare$/);
  assert.doesNotMatch(at(1, {}), /cold/);
  assert.match(at(1, { total: true }), /cold/, "what is summed up has prefill in it");
  assert.doesNotMatch(at(0, { metric: "flops" }), /cold/);
});
