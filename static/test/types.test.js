import test from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";

// Places that may say any, each "file: why". There is none; there are to be 15 at most.
/** @type {string[]} */
const ANY = [];

/** Casts that no compiler can check, by file, and who knows better. */
const UNKNOWN = {
  "handout/records.js": 2, // web/export's test replays what it writes
  "panel/take/context.js": 1, // a drawing context that has what views use
  "state/initial.js": 1, // the panel chrome sets it before anything is painted
  "wire/decode.js": 1, // Go holds frames against their types
};

const root = new URL("../js/", import.meta.url);
const files = readdirSync(root, { recursive: true })
  .map(String)
  .filter((file) => /\.(js|d\.ts)$/.test(file));

/** What a file says of types: JSDoc, or all of a declaration but its comments. @param {string} file */
function typesOf(file) {
  const source = readFileSync(new URL(file, root), "utf8");
  if (file.endsWith(".d.ts")) return [source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*/g, "")];
  return (source.match(/\/\*\*[\s\S]*?\*\//g) ?? []).flatMap(braces);
}

/** The types of a comment: what stands in outermost braces. @param {string} comment */
function braces(comment) {
  const found = [];
  for (let i = 0, depth = 0, from = 0; i < comment.length; i++) {
    if (comment[i] === "{" && depth++ === 0) from = i;
    if (comment[i] === "}" && --depth === 0) found.push(comment.slice(from, i + 1));
  }
  return found;
}

test("types are said: no any, and nothing is silenced", () => {
  assert.ok(files.length > 100, String(files.length));
  assert.ok(ANY.length <= 15);
  const found = files.flatMap((file) => typesOf(file).flatMap((type) => (/\bany\b/.test(type) ? [file] : [])));
  assert.deepEqual(
    found,
    ANY.map((place) => place.split(":")[0]),
  );
  for (const file of files) {
    const vague = typesOf(file).find((type) => /\{(\*|Function|Object)\}/.test(type));
    assert.equal(vague, undefined, `${file} says ${vague}`);
    const source = readFileSync(new URL(file, root), "utf8");
    assert.ok(!/@ts-(ignore|nocheck|expect-error)/.test(source), `${file} silences the compiler`);
  }
  assert.deepEqual(braces("/** @param {Record<string, {a: any}>} x */").join(), "{Record<string, {a: any}>}");
});

test("casts past the compiler are few, and known", () => {
  /** @type {Record<string, number>} */
  const found = {};
  for (const file of files) {
    const n = readFileSync(new URL(file, root), "utf8").match(/@type \{unknown\} \*\/ \(/g)?.length ?? 0;
    if (n) found[file] = n;
  }
  assert.deepEqual(found, UNKNOWN);
});
