import test from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { cell, percent, si } from "../js/format.js";
import { times } from "../js/facts/counters.js";
import { answersOf, cellNames, withAnswer, written } from "../js/facts/lesson.js";
import { wayOn } from "../js/panel/lesson/index.js";

const lines = JSON.parse(readFileSync(new URL("formats.json", import.meta.url), "utf8"));

const WRITE = {
  "": (x) => x.toLocaleString("en", { maximumFractionDigits: 3 }),
  tokens: (x) => x.toLocaleString("en", { maximumFractionDigits: 3 }),
  flop: (x) => si(x, "FLOP"),
  bytes: (x) => si(x, "B"),
  s: (x) => si(x, "s"),
  percent,
  value: cell,
};

test("a lesson writes numbers as the page does", () => {
  assert.ok(lines.length > 150);
  for (const { unit, value, text } of lines)
    if (WRITE[unit]) assert.equal(text, WRITE[unit](value), `${value} ${unit}`);
});

// The bars take the ratio of the numbers as they are shown, of three digits.
test("a lesson writes ratios as the bars do", () => {
  const flops = (x) => ({ flops: { qkv: x } });
  for (const { unit, value, text } of lines)
    if (unit === "ratio" && value > 1.001 && Number(value.toPrecision(3)) === value)
      assert.equal(text, `${times({ cached: flops(1e6), uncached: flops(1e6 * value) })} ×`, String(value));
});

test("answers stand in a link, each by its beat", () => {
  const all = withAnswer(withAnswer("a~1,2", "b", "none"), "a", "3");
  assert.equal(all, "a~3;b~none");
  assert.equal(withAnswer(all, "a", "4;c~5"), "a~4c5;b~none"); // one answer is one
  assert.deepEqual(
    [...answersOf(all)],
    [
      ["a", "3"],
      ["b", "none"],
    ],
  );
  assert.equal(written("０-2、 5，1.3"), "0-2,5,1.3");
  assert.deepEqual(cellNames("0-2, 5,x,1.3"), ["0", "1", "2", "5", "1.3"]);
});

test("the way on is what the learner has to do", () => {
  const play = { here: true, beat: 1, beats: 3, step: 5, go: "press" };
  const ask = { reveal: 9 };
  for (const [change, at, way] of [
    [{}, 5, "next"],
    [{ here: false }, 7, "back"],
    [{ here: false, go: "step" }, 7, "next"],
    [{ beat: 2 }, 5, "done"],
    [{ ask }, 5, "answer"],
    [{ ask: { ...ask, given: "1" } }, 5, "reveal"],
    [{ here: false, ask: { ...ask, given: "1", graded: {} } }, 9, "next"],
    [{ cannot: { id: "x" } }, 5, "done"],
    [{ cannot: { id: "x" }, next: "y" }, 5, "next"],
  ])
    assert.equal(wayOn({ ...play, ...change }, at), way, JSON.stringify(change));
});
