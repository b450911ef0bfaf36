import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { isolate, translator } from "../js/text.js";
import { address } from "../js/state/url.js";
import { details as sentence } from "../js/panel/details/index.js";
import { frame } from "./frames.js";

const load = (lang) => JSON.parse(readFileSync(new URL(`../../web/text/${lang}.json`, import.meta.url), "utf8"));

test("placeholders, plurals, lists and numbers", () => {
  const t = translator({ a: "{{.X}} of {{ .Y }}", n: { one: "{{.Count}} token", other: "{{.Count}} tokens" } }, "en");
  assert.equal(t("a", { X: 1234, Y: ["p", "q"] }), "1,234 of p, q");
  assert.equal(t("n", { Count: 1 }), "1 token");
  assert.equal(t("n", { Count: 2 }), "2 tokens");
  assert.equal(t("nothing.here"), "nothing.here");
});

test("text that could turn a notice round is isolated, as web/text does it", () => {
  for (const [text, want] of JSON.parse(readFileSync(new URL("isolated.json", import.meta.url), "utf8")))
    assert.equal(isolate(text), want);
  const t = translator({ a: "There is no model “{{.Name}}”.", l: "One of {{.Known}}." }, "en");
  assert.equal(t("a", { Name: "a\u202eb" }), "There is no model “\u2068a\u202eb\u2069”.");
  assert.equal(t("a", { Name: "gpt2" }), "There is no model “gpt2”.");
  assert.equal(t("l", { Known: ["x", "\u05d0", 1234] }), "One of x, \u2068\u05d0\u2069, 1234.");
});

test("every message that a module asks for exists", () => {
  const messages = load("en");
  const root = new URL("../js/", import.meta.url);
  const files = readdirSync(root, { recursive: true }).filter((f) => String(f).endsWith(".js"));
  let asked = 0;
  for (const file of files) {
    for (const [, id] of readFileSync(new URL(String(file), root), "utf8").matchAll(/\bt\(\s*"([^"]+)"/g)) {
      asked++;
      // the rest is chosen at run time
      const there = messages[id] || (id.endsWith(".") && Object.keys(messages).some((m) => m.startsWith(id)));
      assert.ok(there, `${file} asks for ${id}`);
    }
  }
  assert.ok(asked > 20);
});

test("the sentence of every frame is whole, in both languages", () => {
  for (const lang of ["en", "zh"]) {
    const t = translator(load(lang), lang);
    for (const name of ["start", "prefill", "chosen", "decode", "end"]) {
      const s = sentence(frame(name), t);
      assert.ok(s.length > 10 && !/\{\{|undefined|NaN|say\./.test(s), `${lang} ${name}: ${s}`);
    }
  }
});

test("the sentence of prefill has the run's own numbers", () => {
  const f = frame("prefill");
  const s = sentence(f, translator(load("en"), "en"));
  const m = f.meta.step.rows;
  const bytes = f.meta.ledger.step.cached.kv_write_bytes;
  const masked = f.tensors.mask.data.filter((x) => x === 0).length;
  assert.equal(f.meta.step.masked, masked);
  for (const n of [m, m * m, masked, bytes]) assert.ok(s.includes(n.toLocaleString("en")), `${n} in ${s}`);
});

test("the address keeps the link and adds the language", () => {
  const q = new URLSearchParams(address("?prompt=a+b&step=3", "zh"));
  assert.deepEqual([q.get("prompt"), q.get("step"), q.get("lang")], ["a b", "3", "zh"]);
});

test("what models do in other ways is called by the name of what this one does", () => {
  for (const lang of ["en", "zh"]) {
    const words = load(lang);
    const llama = translator(words, lang);
    assert.equal(llama("sym.act"), "silu × up");
    assert.match(llama("ops.say.norm1"), /^RMSNorm/);
    assert.equal(llama("sym.Q"), "RoPE q");
    const gpt2 = translator(words, lang, { norm: "layernorm", mlp: "gelu", positions: "learned" });
    assert.equal(gpt2("sym.act"), "GELU");
    for (const n of [1, 2, 3]) assert.match(gpt2(`ops.say.norm${n}`), /LayerNorm/);
    for (const id of ["sym.Q", "sym.k_rope", "name.q", "name.k"]) assert.doesNotMatch(gpt2(id), /RoPE/);
    for (const id of ["name.act", "ops.say.act", "ops.say.up", "ops.say.Q", "ops.say.k_rope", "explain.copy.rope"])
      assert.notEqual(gpt2(id), llama(id), id);
    assert.equal(gpt2("sym.down"), llama("sym.down"));
    const none = translator(words, lang, { norm: "rmsnorm", mlp: "swiglu", positions: "none" });
    assert.notEqual(none("ops.say.Q"), gpt2("ops.say.Q"));
    assert.equal(none("sym.Q"), gpt2("sym.Q"));
  }
});

test("one of something is not several, whatever else the message counts", () => {
  const t = translator(load("en"), "en");
  assert.equal(t("stage.does.new", { Rows: 1 }), "1 row, all new.");
  assert.equal(t("stage.does.new", { Rows: 21 }), "21 rows, all new.");
  assert.equal(t("sentence.again", { Again: 1 }), "Without the cache, 1 row is recomputed.");
  const { marked } = t;
  assert.ok(marked("sentence.several.own", { Who: "a", New: 1, Cached: 2 }).includes("\ue001row\ue002 is new"));
  assert.ok(marked("ask.same.now", { Rows: "\ue000number\ue001Rows\ue0011\ue002" }).includes("new one"));
  assert.ok(!marked("ask.same.now", { Rows: "\ue000number\ue001Rows\ue0011\ue002" }).includes("new ones"));
});
