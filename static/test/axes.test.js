import { test } from "node:test";
import assert from "node:assert/strict";
import { along } from "../js/ui/axes.js";
import { recorder } from "./canvas.js";

/** What was drawn of a name that ends at y = 100: each text, its height above the foot, and how it is turned. */
function drawn(name, max = 100) {
  const { canvas, calls } = recorder();
  const ctx = canvas.getContext("2d");
  ctx.font = "10px sans-serif";
  calls.length = 0;
  along(ctx, name, 50, 100, max, "#000");
  let [turned, at] = [0, 0];
  const texts = [];
  for (const [what, ...args] of calls) {
    if (what === "translate") at = args[1];
    if (what === "rotate") turned = Math.sign(args[0]);
    if (what === "restore") [turned, at] = [0, 0];
    if (what === "fillText") texts.push([args[0], Math.round(100 - (at || args[2])), turned]);
  }
  return texts;
}

test("letters are turned along an axis, and hanzi stand upright, read downwards", () => {
  assert.deepEqual(drawn("dog"), [["dog", 0, -1]]);
  assert.deepEqual(drawn("\u2068小狗\u2069"), [
    ["小", 16, 0],
    ["狗", 5, 0],
  ]);
  assert.deepEqual(drawn("小A1狗"), [
    ["小", 30, 0],
    ["A1", 25, 1],
    ["狗", 5, 0],
  ]);
  assert.deepEqual(
    drawn("有一天小丽", 32).map(([s]) => s),
    ["有", "一", "⋮"],
    "what has no room is cut",
  );
  assert.ok(drawn("有一天小丽", 32).every(([, up]) => up > 0 && up <= 32));
});
