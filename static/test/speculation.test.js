import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { cards } from "../js/panel/speculation/index.js";
import { guessed } from "../js/panel/cache/guess.js";
import { inCache, onStage } from "../js/facts/token-names.js";
import { translator } from "../js/text.js";
import { frame } from "./frames.js";
import { sentence } from "../js/panel/details/speculation.js";
import { test as compared } from "../js/facts/verdicts.js";
import { timeline } from "../js/panel/timeline/layout.js";

const text = (lang) =>
  translator(JSON.parse(readFileSync(new URL(`../../web/text/${lang}.json`, import.meta.url), "utf8")), lang);

test("every row of the pass has a card, and what became of it", () => {
  const before = cards(frame("guess").meta);
  assert.deepEqual(
    before.map((c) => [c.kind, c.state]),
    [["given", "stays"], ...Array(4).fill(["guess", "pending"])],
  );
  const { meta } = frame("verdict");
  const after = cards(meta);
  const { stays, proposed, verdicts } = meta.speculation;
  assert.deepEqual(
    after.map((c) => c.row),
    [...Array(meta.step.rows).keys()].map((i) => meta.step.cached + i).concat(null),
  );
  assert.deepEqual(
    after.filter((c) => c.kind === "guess").map((c) => c.state),
    proposed.map((_, i) => (i < stays ? "stays" : "leaves")),
  );
  assert.equal(after.filter((c) => c.tested).length, verdicts.length);
  assert.equal(after.at(-1).label, meta.speculation.token[1]);
});

test("a comparison has as many decimals as it takes to be true", () => {
  assert.equal(compared({ p: 0.12, q: 0.31, random: 0.62, accepted: false }), "0.62 × 0.31 = 0.19 ≥ 0.12");
  assert.equal(
    compared({ p: 0.5001, q: 0.9999, random: 0.50009, accepted: true }),
    "0.5001 × 0.9999 = 0.5000 < 0.5001",
  );
  assert.equal(compared({ p: 0, q: 1, random: 0.25, accepted: false }), "0.25 × 1 ≥ 0");
});

test("rows are named by the tokens that were fed, not by those that came instead", () => {
  const f = frame("verdict");
  const { cached, rows } = f.meta.step;
  const { proposed, stays, token } = f.meta.speculation;
  const names = inCache(f).slice(cached + 1, cached + rows);
  assert.deepEqual(
    names.map((n, i) => n.replace(/ [✓✗]$|^\(|\)$/g, "") === proposed[i][1]),
    proposed.map(() => true),
  );
  assert.ok(names[stays].endsWith("✗") && f.meta.tokens[cached + 1 + stays][1] === token[1]);
  assert.deepEqual(
    onStage(frame("guess"))
      .slice(-4)
      .map((n) => n.at(-1)),
    ["?", "?", "?", "?"],
  );
  assert.deepEqual(guessed(f.meta), { from: cached + 1 + stays, leave: true });
  assert.equal(guessed(frame("decode").meta), null);
});

test("the step is said in one sentence, in both languages", () => {
  const f = frame("verdict");
  const en = sentence(f, text("en"));
  assert.match(
    en,
    /^Of 4 proposed tokens the model accepted 2; it rejected “·duck” \(0\.87.* ≥ .*\) and drew “·ball” in/,
  );
  assert.match(en, / in its place\. Its row and 1 after it leave the cache: 10,240 bytes\.$/);
  assert.ok(sentence(f, text("zh")).includes("接受了 2 个"));
  assert.match(
    sentence(frame("guess"), text("en")),
    /^Layer 2 of decode: 1 token and 4 proposals .* 40 keys and values were added \(5,120 bytes\)/,
  );
  assert.equal(sentence(frame("decode"), text("en")), null);
});

test("a pass is as wide as the tokens that it added, and is found by its place", () => {
  const t = timeline({ width: 508, height: 60, layers: 2, prompt: 10, passes: 41, adds: [3, 1, 5, 1, 1] });
  assert.equal(t.unit, 10);
  assert.equal(t.shown, 6);
  assert.deepEqual(
    [1, 2, 3].map((p) => t.column(p)),
    [
      { x: 108, w: 30 },
      { x: 138, w: 10 },
      { x: 148, w: 50 },
    ],
  );
  for (let n = 0; n < 18; n++) {
    const b = t.box(n);
    assert.equal(t.at(b.x + b.w / 2, b.y + b.h / 2), n);
    assert.equal(t.at(b.x + b.w - 0.5, b.y + 1), n);
  }
  assert.equal(t.token(12), 128);
});
