// The legend names what is drawn at this step, and nothing else.

import assert from "node:assert/strict";
import { test } from "node:test";

import { patterns } from "../js/facts/patterns.js";
import { frame } from "./frames.js";

const names = (id) => [...patterns(frame(id))].sort();

test("the legend names the patterns of the step", () => {
  const prefill = frame("prefill");
  assert.equal(prefill.meta.step.cached, 0);
  const first = names("prefill");
  assert.ok(first.includes("masked") && first.includes("new"), first.join());
  assert.ok(!first.includes("cached") && !first.includes("again") && !first.includes("gone"), first.join());
  const decode = names("decode");
  assert.ok(decode.includes("cached") && decode.includes("share"), decode.join());
  assert.ok(!decode.includes("gone"), decode.join());
  const { without } = frame("decode").meta;
  assert.equal(decode.includes("again"), !!without && without.cached > 0);
});

test("before the first step nothing is drawn, and nothing named", () => {
  assert.deepEqual(names("start"), []);
});

test("what a window has evicted is named", () => assert.ok(names("window").includes("gone"), names("window").join()));
