import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { stretches } from "../js/panel/sampling/draw.js";
import { sentence } from "../js/panel/sampling/index.js";
import { translator } from "../js/text.js";
import { frame } from "./frames.js";

const text = (lang) =>
  translator(JSON.parse(readFileSync(new URL(`../../web/text/${lang}.json`, import.meta.url), "utf8")), lang);

test("the line is covered from 0 to 1, and the draw lies on the token chosen", () => {
  const { choice } = frame("drawn").meta;
  const line = stretches(choice);
  assert.equal(line[0].from, 0);
  assert.equal(line.at(-1).to, 1);
  for (let i = 1; i < line.length; i++) assert.equal(line[i].from, line[i - 1].to);
  const hit = line.filter((s) => s.from <= choice.random && choice.random < s.to);
  assert.deepEqual(
    hit.map((s) => s.id),
    [choice.token],
  );
  const listed = line.filter((s) => s.id !== null);
  assert.deepEqual(
    listed.map((s) => s.id),
    choice.options.filter((o) => o.to > o.from).map((o) => o.id),
  );
  assert.ok(
    line.some((s) => s.id === null),
    "the choice is beyond the ten: others lie before it",
  );
});

test("every filter that is on has its sentence, in both languages, then the draw", () => {
  const f = frame("drawn");
  const [soft, , hot, k, p, m] = f.meta.choice.stages;
  const en = sentence(f, text("en"), "en");
  assert.match(en, /^Repetition penalty 1\.3 .*Temperature 1\.5 evens/);
  assert.ok(en.includes(`Top-k 20 left ${k.possible} of ${hot.possible} tokens`), en);
  assert.ok(en.includes(`Top-p 0.95 left ${p.possible} of ${k.possible} tokens`), en);
  assert.ok(en.includes("Min-p 0.1 ") && m.possible <= p.possible, en);
  assert.ok(en.endsWith(`The draw 0.926 falls on “#12” (0.904 to 0.938).`), en);
  const zh = sentence(f, text("zh"), "zh");
  assert.ok(zh.includes(`Top-k 20 从 ${soft.possible} 个词元中留下 ${k.possible} 个`) && zh.includes("0.926"), zh);
  assert.ok(!zh.includes("。 "), "no space between Chinese sentences");
  f.meta.choice.forced = true;
  assert.ok(sentence(f, text("en"), "en").endsWith(`A person chose “${f.meta.tokens.at(-1)[1]}” instead.`));
});

test("greedy says so and draws nothing", () => {
  const f = frame("chosen");
  const said = sentence(f, text("en"), "en");
  assert.match(said, /^Greedy takes the likeliest token, “#\d+” \([\d.]+ %\)\.$/);
});
