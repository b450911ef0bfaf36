import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { translator } from "../js/text.js";
import { number } from "../js/format.js";
import { PARTS, total } from "../js/facts/counters.js";
import { says, title } from "../js/panel/bars/index.js";
import { counted, sentence } from "../js/panel/sentence/index.js";
import { frame } from "./frames.js";

const load = (lang) => JSON.parse(readFileSync(new URL(`../../web/text/${lang}.json`, import.meta.url), "utf8"));
const say = Object.fromEntries(["en", "zh"].map((lang) => [lang, translator(load(lang), lang)]));
const names = readdirSync(new URL("frames/", import.meta.url)).map((f) => f.replace(".safetensors", ""));

/** The sentences of a text: a full stop in a number, a token or a name ends none. */
const apart = (text) => text.replace(/“[^”]*”/g, "x").split(/(?<=[.。])(?: |(?=\p{Script=Han}|“))/u);

/** A number and its unit are one word. */
const words = (text) => text.replace(/[\d.,]+ [kMGTP]?(?:FLOP|MAC)s?/g, "x").split(/\s+/).length;

test("what a screen reader hears of a step: at most two sentences, each of at most 15 words", () => {
  for (const name of names) {
    for (const part of ["layer", "head"]) {
      for (const lanes of ["both", "cached", "uncached"]) {
        const f = frame(name);
        if (f.meta.step && f.meta.step.part !== part) continue;
        f.meta.run.recipe.lanes = lanes;
        const en = apart(sentence(f, say.en));
        assert.ok(en.length <= 2, `${name}: ${en.join(" | ")}`);
        for (const s of en) {
          assert.ok(words(s) <= 15, `${name} ${lanes}: ${words(s)} words: ${s}`);
          assert.match(s, /[.]$/, name);
          assert.doesNotMatch(s, /undefined|null|NaN|\{\{|sentence\./, name);
        }
        const zh = sentence(f, say.zh);
        assert.ok(apart(zh).length <= 2 && zh.length <= 80, `${name}: ${zh}`);
        assert.doesNotMatch(zh, /undefined|null|NaN|\{\{|sentence\.|prefill|decode/, name);
      }
    }
  }
});

test("steps count from 0, as links and traces do", () => {
  for (const name of names) {
    const f = frame(name);
    if (!f.meta.step) continue;
    const { n } = f.meta.step;
    assert.equal(counted(f, say.en).match(/\d+/)?.[0], String(n), name);
    assert.equal(new URLSearchParams(f.meta.link).get("step"), String(n), name);
  }
});

test("the sentence at the end of a pass names the cache, with the numbers of the pass", () => {
  const f = frame("end");
  assert.equal(f.meta.step?.part, "head");
  delete f.meta.step.done;
  const { cached, uncached } = f.meta.ledger.pass;
  const { rows, cached: held } = f.meta.step;
  const flop = (n) => (n < 1e6 ? `${(n / 1e3).toPrecision(3)} kFLOP` : `${(n / 1e6).toPrecision(3)} MFLOP`);
  assert.equal(
    sentence(f, say.en),
    `With the KV cache this pass computed ${rows} row: ${flop(total(cached))}. ` +
      `Without it ${held + rows}: ${flop(total(uncached))}.`,
  );
  assert.equal(title(f, "pass", say.en), "This pass");
  assert.equal(title(frame("decode"), "pass", say.en), "This pass so far");
  assert.match(says(f, "pass", say.en), /^Without the cache: [\d.]+ × the work\.$/);
});

test("a pass is what its steps add up to, part by part", () => {
  for (const name of names) {
    const { ledger, step } = frame(name).meta;
    if (!step) continue;
    for (const lane of ["cached", "uncached"]) {
      for (const p of PARTS) {
        const [one, pass, all] = ["step", "pass", "total"].map((s) => number(ledger[s][lane]?.flops[p] ?? 0));
        assert.ok(one <= pass && pass <= all, `${name} ${lane} ${p}: ${one} ${pass} ${all}`);
      }
    }
  }
});
