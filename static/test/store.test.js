import { test } from "node:test";
import assert from "node:assert/strict";
import { createStore } from "../js/state/store.js";

/**
 * A store whose views take as long as they say, with frames that come when the
 * test says so. seen is what was painted: [view, before, now].
 * @param {Record<string, number>} views milliseconds
 * @param {(name: string) => boolean} [away] views that nobody sees
 */
function played(views, away = () => false) {
  const clock = { now: 0 };
  const frames = [];
  const tasks = [];
  const seen = [];
  const store = createStore(
    { a: 0 },
    (paint) => frames.push(paint),
    () => clock.now,
    (paint) => tasks.push(paint),
  );
  for (const [name, ms] of Object.entries(views)) {
    store.subscribe(
      (now, before) => {
        seen.push([name, before.a, now.a]);
        clock.now += ms;
      },
      () => away(name),
    );
  }
  /** The next frame, which passes a time as an animation frame does; what it painted. */
  const frame = () => {
    const from = seen.length;
    clock.now += 16;
    assert.equal(frames.length, 1, "one frame is waiting");
    frames.shift()(clock.now);
    return seen.slice(from);
  };
  return { store, frames, tasks, seen, clock, frame, names: () => frame().map(([name]) => name) };
}

test("many changes paint once", () => {
  const { store, frames, frame } = played({ x: 1 });
  assert.ok(store.painted());
  store.set({ a: 2 });
  store.set({ a: 3 });
  assert.ok(!store.painted());
  assert.deepEqual(frame(), [["x", 0, 3]]);
  assert.ok(store.painted());
  assert.equal(frames.length, 0);
});

test("what a frame has no time for is painted in the next ones, in order", () => {
  const { store, frames, names } = played({ stage: 5, timeline: 4, cache: 6, ledger: 1, huge: 40, last: 1 });
  store.set({ a: 1 });
  assert.deepEqual(names(), ["stage", "timeline"]);
  assert.ok(!store.painted());
  assert.deepEqual(names(), ["cache", "ledger", "huge"]);
  assert.deepEqual(names(), ["last"]);
  assert.ok(store.painted());
  assert.equal(frames.length, 0);
});

test("another state begins with the first view again, and each view learns what it showed last", () => {
  const { store, frame } = played({ stage: 9, cache: 9, ledger: 1 });
  store.set({ a: 1 });
  assert.deepEqual(frame(), [["stage", 0, 1]]);
  assert.deepEqual(frame(), [["cache", 0, 1]]);
  store.set({ a: 2 });
  assert.deepEqual(frame(), [["stage", 1, 2]]);
  assert.deepEqual(frame(), [["cache", 1, 2]]);
  assert.deepEqual(frame(), [["ledger", 0, 2]], "never the state in between");
});

test("a state that a view sets is for the next frame, in which all views see it", () => {
  const frames = [];
  const seen = [];
  const store = createStore(
    { a: 0, asked: false },
    (paint) => frames.push(paint),
    () => 0,
  );
  store.subscribe((now) => {
    seen.push(["asks", now.asked]);
    if (!now.asked) store.set({ asked: true });
  });
  store.subscribe((now) => seen.push(["shows", now.asked]));
  store.set({ a: 1 });
  frames.shift()();
  assert.deepEqual(seen, [
    ["asks", false],
    ["shows", false],
  ]);
  assert.equal(frames.length, 1);
  frames.shift()();
  assert.deepEqual(seen.slice(2), [
    ["asks", true],
    ["shows", true],
  ]);
  assert.equal(frames.length, 0);
});

test("no view starves where every frame brings another state", () => {
  const views = { stage: 20, cache: 3, memory: 3, ledger: 3 };
  const { store, frame } = played(views);
  const last = {};
  for (let a = 1; a <= 60; a++) {
    store.set({ a });
    const painted = frame();
    assert.deepEqual(painted[0], ["stage", a - 1, a], "the stage is in every frame");
    assert.ok(painted.length <= 2, "and at most one of those that waited");
    for (const [name, before, now] of painted) {
      assert.equal(now, a);
      assert.equal(before, last[name] ?? 0);
      last[name] = a;
    }
    for (const name of Object.keys(views)) assert.ok(a - (last[name] ?? 0) <= 8, `${name} shows ${last[name]} at ${a}`);
  }
});

test("flush paints what is left at once, and the frame that waited finds nothing to do", () => {
  const { store, seen, frame } = played({ stage: 9, cache: 9, ledger: 9 });
  store.set({ a: 1 });
  assert.deepEqual(frame(), [["stage", 0, 1]]);
  store.flush();
  assert.deepEqual(seen.slice(1), [
    ["cache", 0, 1],
    ["ledger", 0, 1],
  ]);
  assert.ok(store.painted());
  store.set({ a: 2 });
  store.flush();
  assert.deepEqual(seen.slice(3), [
    ["stage", 1, 2],
    ["cache", 1, 2],
    ["ledger", 1, 2],
  ]);
  assert.deepEqual(frame(), []);
  assert.ok(store.painted());
});

test("what somebody waits for is painted ahead, a state for each frame", () => {
  const { store, seen, frames, tasks, frame } = played({ stage: 9, cache: 5, ledger: 4, last: 1 });
  const task = () => {
    const from = seen.length;
    tasks.shift()();
    return seen.slice(from);
  };
  store.set({ a: 1 });
  store.hurry();
  store.hurry();
  assert.equal(seen.length, 0, "whoever tells of it goes on first");
  assert.deepEqual(task(), [["stage", 0, 1]]);
  assert.deepEqual(task(), [
    ["cache", 0, 1],
    ["ledger", 0, 1],
  ]);
  store.set({ a: 2 });
  store.hurry();
  assert.deepEqual(task(), [], "nobody would see two");
  assert.equal(tasks.length, 0);
  assert.deepEqual(frame(), [], "the frame has enough to do with its drawing");
  assert.deepEqual(task(), [["stage", 1, 2]]);
  assert.deepEqual(frame(), []);
  assert.equal(tasks.length, 1, "one task at a time");
  assert.deepEqual(task(), [
    ["cache", 1, 2],
    ["ledger", 1, 2],
  ]);
  assert.deepEqual(task(), [["last", 0, 2]]);
  assert.deepEqual(task(), []);
  assert.deepEqual(frame(), []);
  assert.equal(frames.length + tasks.length, 0);
});

test("nobody waits for what is beyond the window's edges: it has the next frame", () => {
  const far = { cache: true, ledger: true };
  const { store, tasks, frames, seen, frame } = played({ cache: 1, stage: 1, ledger: 9 }, (name) => !!far[name]);
  const task = () => {
    const from = seen.length;
    tasks.shift()();
    return seen.slice(from);
  };
  store.set({ a: 1 });
  store.hurry();
  assert.deepEqual(task(), [["stage", 0, 1]]);
  assert.deepEqual(task(), []);
  assert.deepEqual(frame(), [], "the frame that somebody waits for");
  assert.ok(!store.painted());
  assert.deepEqual(frame(), [
    ["cache", 0, 1],
    ["ledger", 0, 1],
  ]);
  assert.ok(store.painted());
  far.cache = false; // scrolled to
  store.set({ a: 2 });
  store.hurry();
  assert.deepEqual(task(), [
    ["cache", 1, 2],
    ["stage", 1, 2],
  ]);
  store.flush();
  assert.ok(store.painted(), "and a picture has all of them");
  tasks.shift()();
  frame();
  assert.equal(frames.length + tasks.length, 0);
});
