import test from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";

/** @param {URL} dir @returns {URL[]} every script and stylesheet below it */
const sources = (dir) =>
  readdirSync(dir, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : sources(new URL(entry.name + "/", dir));
    return /\.(js|css)$/.test(entry.name) ? [new URL(entry.name, dir)] : [];
  });

// What the formatter cannot break, such as a long string, is broken by hand.
test("no line is longer than 120 columns", () => {
  const files = sources(new URL("../", import.meta.url));
  assert.ok(files.length > 100, String(files.length));
  for (const file of files)
    for (const [i, line] of readFileSync(file, "utf8").split("\n").entries())
      assert.ok([...line].length <= 120, `${file.pathname}:${i + 1} has ${[...line].length} columns`);
});
