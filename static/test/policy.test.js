import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { translator } from "../js/text.js";
import { entries } from "../js/panel/memory/blocks.js";
import { events, evicted } from "../js/panel/details/events.js";
import { codedRow, countGone, goneBefore, keptColumns, keptSentence, stateOf } from "../js/facts/policy-rows.js";
import { policyMarks } from "../js/panel/cache/policy-marks.js";
import { lampSays } from "../js/facts/equality.js";
import { says } from "../js/panel/memory/index.js";
import { NUMBERS } from "../js/panel/card/numbers.js";
import { details } from "../js/panel/details/index.js";
import { layerSays } from "../js/panel/sentence/layer.js";
import { passSays } from "../js/panel/sentence/pass.js";
import { fullAt, metOf, parsePolicy, policyName } from "../js/facts/policy.js";
import { history, sentence } from "../js/panel/cache/provenance.js";
import { evicts, tensorOf } from "../js/facts/readout.js";
import { EVICTED } from "../js/wire/triangle.js";
import { atWall, times } from "../js/panel/out-of-memory/index.js";
import { recorder, theme } from "./canvas.js";
import { frame } from "./frames.js";

const say = Object.fromEntries(
  ["en", "zh"].map((lang) => [
    lang,
    translator(JSON.parse(readFileSync(new URL(`../../web/text/${lang}.json`, import.meta.url), "utf8")), lang),
  ]),
);

test("a policy's text is read as the server writes it, and has a name in both languages", () => {
  assert.deepEqual(parsePolicy("window:8:2"), { kind: "window", window: 8, sinks: 2 });
  assert.deepEqual(parsePolicy("int4:channel:8"), { kind: "int4", axis: "channel", group: 8 });
  for (const text of [
    "contiguous",
    "paged:4",
    "window:8:0",
    "window:8:2",
    "h2o:4:4",
    "int8:token:0",
    "int4:channel:8",
  ]) {
    for (const t of Object.values(say)) assert.ok(!policyName(parsePolicy(text), t).includes("policy."), text);
  }
  assert.notEqual(policyName(parsePolicy("window:8:0"), say.en), policyName(parsePolicy("window:8:2"), say.en));
});

test("the block table covers every token once, and the new block is known", () => {
  const f = frame("paged");
  const rows = entries(f.meta);
  assert.deepEqual(
    rows.map((r) => r.block),
    f.meta.use.table,
  );
  let next = 0;
  for (const r of rows) {
    assert.equal(r.from, next);
    next = r.to;
  }
  assert.equal(next, f.meta.kv.before + f.meta.step.rows);
  assert.match(says(f, say.en), /2 blocks of 4 tokens: wasted \d of 8 slots, [\d,]+ bytes/);
  for (const r of rows) assert.equal(r.taken, f.meta.use.taken?.includes(r.block) ?? false);
  assert.match(keptSentence(f, { side: 0, layer: 0, head: 0, position: 5 }, say.en), /slot 1 of block 1/);
  const { canvas, count } = recorder();
  policyMarks(canvas.getContext("2d"), f, 0, { x: 0, y: 0, mark: 10, strip: 9 }, theme.colors);
  assert.equal(count("fillRect"), rows.length, "a line at the end of every block");
});

test("rows that a window evicted say so: in the tensor, in words, in the table, on the canvas", () => {
  const f = frame("window");
  const { step, run, kv } = f.meta;
  const now = evicted(f);
  assert.equal(now.length, run.config.kv_heads * step.rows, "each new token takes one place in each head");
  for (const { position } of now) assert.ok(position >= run.recipe.cache.sinks);
  assert.match(
    events(f, say.en),
    new RegExp(
      `${2 * now.length} keys and values were evicted to make room: token ${now[0].position} .* in every K/V head`,
    ),
  );
  assert.match(events(f, say.zh), /淘汰了/);
  const row = { side: 0, layer: step.layer, head: 0, position: now[0].position };
  assert.equal(goneBefore(f, row.layer, 1, row.position), step.cached + 1);
  assert.match(sentence(f, row, say.en), new RegExp(`Evicted before token ${step.cached}: it was the oldest`));
  assert.equal(stateOf(f, { layer: step.layer, head: 0, position: 0 }), "sink");
  assert.equal(stateOf(f, { layer: step.layer, head: 0, position: kv.lens[step.layer] - 1 }), "recent");
  assert.ok(history(f, row).reads < history(f, { ...row, position: 0 }).reads, "it is not read any more");
  assert.match(keptColumns(f, step.layer, say.en).of(row.position)[0], /evicted before/);
  const { canvas, count } = recorder();
  policyMarks(canvas.getContext("2d"), f, step.layer, { x: 0, y: 0, mark: 10, strip: 9 }, theme.colors);
  assert.equal(count("fillRect"), run.config.kv_heads, "one hollow stretch in each head");
  assert.ok(countGone(f) >= now.length);
});

test("heavy hitters tell the attention they are kept for", () => {
  const f = frame("heavy");
  const { pick, kv } = f.meta;
  const seen = new Set();
  for (let position = 0; position < kv.lens[pick.layer]; position++) {
    for (let head = 0; head < f.meta.run.config.kv_heads; head++) {
      const row = { side: 1, layer: pick.layer, head, position };
      const state = stateOf(f, row);
      seen.add(state);
      const said = keptSentence(f, row, say.en);
      if (state === "gone") assert.match(said, /least attention so far, [\d.e-]+\./);
      else assert.match(said, /Attention received so far: [\d.e-]+\./);
      assert.equal(
        keptSentence(f, { ...row, layer: 1 - row.layer }, say.en).includes("so far: "),
        false,
        "of the layer on the stage only",
      );
    }
  }
  assert.deepEqual([...seen].sort(), ["chosen", "gone", "recent"]);
});

test("what the new row meets is one number, in the mask, the sentence, the details and the cards", () => {
  for (const name of ["window", "heavy"]) {
    const f = frame(name);
    const { data, shape } = f.tensors.mask;
    const keys = data.slice(-shape[1]).filter((x) => x === 1).length;
    assert.ok(f.meta.step.cached >= keys, `${name}: something was evicted`);
    assert.deepEqual(metOf(f.meta.run, f.meta.step), { kept: keys - 1, keys });
    for (const said of [layerSays(f, say.en)[0], details(f, say.en)])
      assert.match(said, new RegExp(`meets ${keys} keys.*, ${keys - 1} (of them )?from the `), name);
    assert.equal(NUMBERS.Cached.of(f.meta), keys - 1);
    assert.equal(NUMBERS.Pairs.of(f.meta), keys);
    f.meta.run.recipe.lanes = "cached";
    f.meta.step.part = "head";
    assert.match(passSays(f, say.en)[1], new RegExp(`^${keys - 1} rows? came from the cache`));
  }
  const prefill = { cached: 0, rows: 12 };
  const run = { policy: { keeps: [1, 3, 0] } };
  assert.deepEqual(metOf(run, prefill), { kept: 0, keys: 12 }, "a prompt that is longer than the window");
  assert.equal(NUMBERS.Cached.of({ run, step: prefill }), 0);
});

test("a prompt longer than the window is not said to cost the same in both lanes, nor to be held whole", () => {
  const f = frame("window");
  Object.assign(f.meta.step, { part: "head", cached: 0, rows: 9 });
  assert.doesNotMatch(passSays(f, say.en).join(" "), /the same|holds their/);
  f.meta.run.recipe.lanes = "cached";
  assert.match(passSays(f, say.en).join(" "), /keeps K and V of 4 of them/);
});

test("which op differs first is said of the pass, and each sign of the picture is of its own op", () => {
  const { step, without } = frame("int8").meta;
  assert.deepEqual(step.first, { op: "scores", layer: 0 });
  assert.deepEqual(without.differs, ["scores", "probs", "out"], "queries of layer 0 are the same");
  assert.equal(frame("decode").meta.without.differs, undefined);
  const later = structuredClone(frame("int8").meta);
  Object.assign(later.step, { identical: false, differs: "logits", part: "head", layer: null });
  assert.match(lampSays(later, say.en).says, /first at scores, layer 0$/, "and not at the logits");
});

test("a mask tells later keys from those that were evicted, and as a picture says yes or no", () => {
  const f = frame("window");
  assert.ok(evicts(f) && f.tensors.mask.data.includes(EVICTED));
  assert.deepEqual([...new Set(tensorOf(f, "mask").data)].sort(), [0, 1]);
});

test("a quantised row has an error of at most half its scale", () => {
  const f = frame("int8");
  const { config } = f.meta.run;
  let most = 0;
  for (const side of [0, 1])
    for (let layer = 0; layer < config.layers; layer++)
      for (let head = 0; head < config.kv_heads; head++)
        for (let position = 0; position < f.meta.kv.lens[layer]; position++) {
          const { error, scale } = codedRow(f, { side, layer, head, position });
          assert.ok(error <= scale / 2 + f.meta.use.max_error / 255);
          most = Math.max(most, error);
          assert.match(keptSentence(f, { side, layer, head, position }, say.en), /largest error/);
        }
  assert.ok(Math.abs(most - f.meta.use.max_error) < 1e-6);
  assert.match(says(f, say.en), /bytes a token instead of 192/);
  const c = frame("channel");
  assert.match(events(c, say.en), /The keys of tokens 3 to 5|The keys of tokens 0 to 2/);
  assert.match(keptSentence(c, { side: 0, layer: 0, head: 0, position: c.meta.use.settled }, say.en), /float32/);
});

test("the lamp is calm where a policy differs by design, and an alarm elsewhere", () => {
  const f = frame("int8");
  const lamp = lampSays(f.meta, say.en);
  assert.equal(lamp.state, "policy");
  assert.match(lamp.says, /^the policy changed this pass: first at scores, layer 0$/);
  assert.match(lampSays(f.meta, say.zh).says, /最先在分数（层 0）$/);
  assert.match(lamp.more, /largest logit difference [\d.e-]+; /);
  assert.match(lamp.more, /; (the text is the same so far|first other token: no\. \d+)/);
  assert.match(lamp.more, /KL divergence/);
  const exact = structuredClone(frame("paged").meta);
  assert.equal(lampSays(exact, say.en).state, "same");
  exact.step.identical = false;
  exact.step.differs = "scores";
  assert.equal(lampSays(exact, say.en).state, "differs");
});

test("at the wall the frame says what is lacking and how far others go", () => {
  const f = frame("wall");
  assert.ok(atWall(f) && !atWall(frame("end")));
  assert.equal(fullAt(f.meta), f.meta.kv.lens[0]);
  assert.equal(f.meta.use.want, f.meta.kv.bytes_per_token);
  for (const way of f.meta.use.ways)
    assert.ok(way.fits <= way.whole && parsePolicy(way.cache).kind === way.cache.split(":")[0]);
  assert.equal(times(21, 12), "1.75");
});
