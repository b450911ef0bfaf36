import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { percent, shares } from "../js/format.js";
import { candidates, chance, chosen } from "../js/facts/candidates.js";
import { written } from "../js/panel/card/numbers.js";
import { details } from "../js/panel/details/index.js";
import { sentence } from "../js/panel/sampling/index.js";
import { translator } from "../js/text.js";
import { frame } from "./frames.js";

const t = translator(JSON.parse(readFileSync(new URL("../../web/text/en.json", import.meta.url), "utf8")), "en");

/** What a person adds up: "< 0.01 %" is a little more than nothing. @param {string} says */
const read = (says) => (says.startsWith("<") ? 0 : says.startsWith(">") ? 99.99 : Number(says.replace(" %", "")));
const sum = (/** @type {string[]} */ all) => Math.round(all.reduce((a, s) => a + 100 * read(s), 0)) / 100;

test("only what is exactly 0 or 1 is 0 % or 100 %", () => {
  for (const [p, says] of /** @type {[number, string][]} */ ([
    [0, "0 %"],
    [1e-300, "< 0.01 %"],
    [0.00004, "< 0.01 %"],
    [0.0012, "0.12 %"],
    [0.4242, "42.4 %"],
    [0.9994, "99.9 %"],
    [0.9995, "99.95 %"],
    [0.99996, "> 99.99 %"],
    [1 - 1e-12, "> 99.99 %"],
    [1, "100 %"],
  ]))
    assert.equal(percent(p), says, String(p));
});

test("parts of a whole add up to it, and a list that is not whole to less", () => {
  assert.deepEqual(shares([1 / 3, 1 / 3, 1 / 3]), ["33.34 %", "33.33 %", "33.33 %"]);
  assert.deepEqual(shares([1]), ["100 %"]);
  assert.deepEqual(shares([1, 0]), ["100 %", "0 %"]);
  assert.deepEqual(shares([1, 1e-9]), ["> 99.99 %", "< 0.01 %"], "1 is what float32 made of a little less");
  assert.deepEqual(shares([0.99999, 1e-9]), ["> 99.99 %", "< 0.01 %"]);
  assert.deepEqual(shares([]), []);
  let seed = 1;
  const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let n = 0; n < 500; n++) {
    const weights = Array.from({ length: 2 + (n % 11) }, () => random() ** (1 + (n % 7)));
    const whole = weights.reduce((a, b) => a + b, 0);
    const parts = weights.map((w) => w / whole);
    const all = shares(parts);
    if (!all.some((s) => /[<>]/.test(s))) assert.equal(sum(all), 100, all.join(" "));
    assert.ok(sum(all) <= 100.0001, all.join(" "));
    const some = shares(parts.slice(1));
    assert.ok(sum(some) < 100 || parts[0] < 0.0001, some.join(" "));
    parts.forEach((p, i) => assert.ok(Math.abs(read(all[i]) - 100 * p) <= 0.0101, `${p} is ${all[i]}`));
  }
});

test("the list shows what was drawn from, and the model's own probability beside it", () => {
  const { meta } = frame("drawn");
  const dropped = meta.top?.at(-1);
  assert.ok(dropped?.kept);
  Object.assign(dropped, { kept: false, drawn: undefined });
  const list = candidates(meta);
  for (const c of list) {
    assert.equal(c.share > 0, c.kept, c.label);
    assert.equal(c.says === "0 %", !c.kept, c.label);
    assert.match(c.own, /^[\d.]+ %$/);
  }
  assert.ok(list.some((c) => c.says !== c.own));
  const last = meta.choice?.stages.at(-1)?.probs ?? [];
  const both = (meta.choice?.options ?? []).flatMap((o, i) =>
    list.filter((c) => c.kept && c.id === o.id).map((c) => [c, i]),
  );
  assert.ok(both.length > 3);
  for (const [c, i] of both) assert.ok(Math.abs(c.share - last[i]) < 1e-6, `${c.label}: ${c.share}, ${last[i]}`);
});

test("where nothing but the softmax was, there is one number, and every place says it alike", () => {
  const f = frame("chosen");
  const list = candidates(f.meta);
  assert.ok(list.every((c) => c.own === "" && c.share === c.prob));
  const says = chosen(f.meta)?.says ?? "";
  assert.match(says, /^[\d.]+ %$/);
  assert.equal(chance(f.meta, t), says);
  assert.equal(written("Prob", f, "en"), says);
  assert.ok(details(f, t).includes(says), details(f, t));
  assert.ok(sentence(f, t, "en").includes(`(${says})`), sentence(f, t, "en"));
});
