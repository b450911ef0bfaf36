import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { MARK, translator } from "../js/text.js";
import { NUMBERS, written } from "../js/panel/card/numbers.js";
import { beside } from "../js/panel/card/stand.js";
import { PLACES } from "../js/panel/card/places.js";
import { WHYS, titleOf } from "../js/panel/card/whys.js";
import { frame } from "./frames.js";

const load = (lang) => JSON.parse(readFileSync(new URL(`../../web/text/${lang}.json`, import.meta.url), "utf8"));
const en = load("en");
const names = ["start", "prefill", "chosen", "decode", "end", "panels", "verdict", "window", "int8"].flatMap((name) => {
  try {
    return [frame(name)];
  } catch {
    return []; // no frame of that name
  }
});
const lines = (why) => Object.keys(en).filter((id) => id.startsWith(`ask.${why.id}.`) && !id.includes(".cell."));
const placed = (place) => place.startsWith("op-") || place in PLACES;

test("a message is plain text, and with its marks where somebody writes them", () => {
  const t = translator({ a: "The [[kv-cache|KV cache]] of {{.Who}}." }, "en");
  assert.equal(t("a", { Who: "Ada" }), "The KV cache of Ada.");
  assert.deepEqual(t.marked("a", { Who: "[[x|y]]" }).split(MARK), [
    "The ",
    "term",
    "kv-cache",
    "KV cache",
    " of [[x|y]].",
  ]);
});

test("every question has its messages, and every message of a question is said by it", () => {
  const said = new Set(WHYS.flatMap((why) => names.flatMap((f) => why.lines(f.meta).map((l) => `ask.${why.id}.${l}`))));
  for (const id of said) assert.ok(en[id], id);
  for (const why of WHYS) {
    for (const f of names) assert.match(en[titleOf(why, f.meta)] ?? "", /\?$/, why.id);
    assert.ok(Boolean(why.after) !== Boolean(why.in), `${why.id} stands in one place`);
    for (const place of why.see ?? []) {
      assert.ok(place in PLACES, place);
      assert.ok(en[`card.see.${place.replace(/-.*/, "")}`], `no words for a link to ${place}`);
    }
    for (const cell of Object.keys(why.cells ?? {})) assert.ok(en[`ask.${why.id}.cell.${cell}`], cell);
  }
  const source = readFileSync(new URL("../js/panel/card/whys.js", import.meta.url), "utf8");
  for (const id of Object.keys(en).filter((x) => x.startsWith("ask."))) {
    const [, why, line] = id.split(".");
    assert.ok(
      WHYS.some((x) => x.id === why),
      id,
    );
    if (line && line !== "cell") assert.ok(source.includes(`"${line}"`), `nobody says ${id}`);
  }
});

test("every number of a card is in the list, and leads somewhere", () => {
  const used = new Set(WHYS.flatMap(lines).flatMap((id) => [...en[id].matchAll(/\{\{\.(\w+)\}\}/g)].map((m) => m[1])));
  assert.deepEqual([...used].toSorted(), Object.keys(NUMBERS).toSorted());
  for (const [name, { see }] of Object.entries(NUMBERS)) assert.ok(placed(see), `${name} leads to ${see}`);
  const glossary = readFileSync(new URL("../../docs/glossary.md", import.meta.url), "utf8");
  const places = [...glossary.matchAll(/^- see: (.*)$/gm)].map((m) => m[1]);
  assert.ok(places.length > 60);
  for (const place of places) assert.ok(placed(place), `the glossary leads to ${place}`);
});

test("bytes per token are the product of the config's own numbers", () => {
  for (const f of names) {
    const { layers, kv_heads, head_dim } = f.meta.run.config;
    const [a, b, c, d, e] = ["Sides", "Layers", "KVHeads", "HeadDim", "NumberBytes"].map((n) => NUMBERS[n].of(f.meta));
    assert.deepEqual([a, b, c, d], [2, layers, kv_heads, head_dim]);
    assert.equal(a * b * c * d * e, Number(f.meta.kv.bytes_per_token));
    if (f.meta.run.policy.exact) assert.equal(e, 4);
  }
});

test("where a policy makes the lanes differ, no card asks why they are identical", () => {
  const same = WHYS.find((why) => why.id === "same");
  for (const f of names) {
    const asks = en[titleOf(same, f.meta)];
    assert.equal(/identical/.test(asks), !!f.meta.run.policy.exact, asks);
    const says = same.lines(f.meta).map((line) => en[`ask.same.${line}`]);
    assert.equal(/identical|the same bits/.test(says.join()), !!f.meta.run.policy.exact, says.join());
  }
});

test("of several sequences a card counts all, and what they share once", () => {
  const f = frame("beam");
  const { peers, kv } = f.meta;
  const sum = (of) => peers.pass.reduce((n, p) => n + of(p), 0);
  assert.ok(peers.pass.length > 1);
  const of = (name) => NUMBERS[name].of(f.meta);
  assert.equal(
    of("Rows"),
    sum((p) => p.rows),
  );
  assert.equal(
    of("Tokens"),
    sum((p) => p.rows + p.cached),
  );
  assert.equal(
    of("Cached"),
    sum((p) => p.cached),
  );
  assert.equal(of("Sequences"), peers.pass.length);
  assert.equal(of("HeldByAll"), Number(peers.held));
  assert.ok(of("HeldByAll") < peers.pass.length * Number(kv.bytes), "what beams share is held once");
  for (const id of ["q", "bytes", "memory"]) {
    const lines = WHYS.find((why) => why.id === id).lines(f.meta);
    assert.match(lines.at(-1), /(^|\.)all$/, id);
  }
});

test("the guide has every question, in both languages", () => {
  const guide = readFileSync(new URL("../../docs/questions.md", import.meta.url), "utf8");
  const rows = guide.split("\n").filter((line) => /^\| .*\?/.test(line));
  const zh = load("zh");
  const asked = [...new Set(WHYS.flatMap((why) => names.map((f) => titleOf(why, f.meta))))];
  assert.deepEqual(
    rows.map((row) => row.split(" | ").slice(0, 2).join(" | ")).toSorted(),
    asked.map((id) => `| ${en[id]} | ${zh[id]}`).toSorted(),
  );
});

test("sentences of cards have at most 15 words", () => {
  for (const id of WHYS.flatMap(lines))
    for (const sentence of en[id].replace(/\[\[[^|]*\|([^\]]*)\]\]/g, "$1").split(/(?<=[.;:]) /)) {
      const words = sentence.split(/\s+/).filter((w) => /\w/.test(w));
      assert.ok(words.length <= 15 || id.endsWith(".product"), `${id}: ${words.length} words: ${sentence}`);
    }
});

test("numbers are written as people read them", () => {
  const f = frame("decode");
  assert.equal(written("Layers", f, "en"), String(f.meta.run.config.layers));
  assert.match(written("TotalCached", f, "en"), /^[\d.]+ [kM]FLOP$/);
});

test("numbers of a card are those of the cache and of the pass, whatever the policy and the step", () => {
  const of = (name, meta) => NUMBERS[name].of(meta);
  const window = { run: { policy: { keeps: [0, 8, 0] } }, step: { cached: 18, rows: 1 }, kv: { lens: [19, 19] } };
  assert.equal(of("Cached", window), 7, "what a window has evicted is not met");
  assert.equal(of("HeldTokens", window), 8);
  const whole = { run: { policy: {} }, step: { cached: 26, rows: 5 }, kv: { lens: [31] } };
  assert.equal(of("Cached", whole), 26);
  assert.equal(of("HeldTokens", whole), 31);
  assert.equal(of("Masked", whole), 10, "of a draft's rows each hides the later ones, at the head too");
});

test("a card stands beside what it explains, in the window, and never over what was pressed", () => {
  const meet = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
  for (const window of [
    { w: 1440, h: 900 },
    { w: 1024, h: 768 },
    { w: 390, h: 844 },
  ])
    for (let i = 0; i < 200; i++) {
      const by = { x: ((i * 37) % 100) * (window.w / 100), y: ((i * 61) % 100) * (window.h / 100), w: 24, h: 24 };
      by.x = Math.min(by.x, window.w - 24);
      by.y = Math.min(by.y, window.h - 24);
      const about = { x: Math.max(by.x - 100, 0), y: Math.max(by.y - 60, 0), w: 160, h: 100 };
      const size = { w: Math.min(400, window.w - 16), h: 240 };
      const at = { ...beside(size, by, [by, about], window), ...size };
      assert.ok(at.x >= 8 && at.y >= 8 && at.x + at.w <= window.w - 8 && at.y + at.h <= window.h - 8, "in the window");
      assert.ok(!meet(at, by), "over what was pressed");
      assert.ok(!meet(at, about), "over what it explains");
    }
});
