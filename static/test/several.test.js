import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { passes, totals, waits } from "../js/panel/schedule/passes.js";
import { beamOf, beams, beside, share } from "../js/panel/beams/tree.js";
import { place } from "../js/panel/timeline/map.js";
import { event } from "../js/panel/details/batch.js";
import { details as sentence } from "../js/panel/details/index.js";
import { translator } from "../js/text.js";
import { pretendBrowser } from "./canvas.js";
import { frame } from "./frames.js";
import { promptOf, sequences } from "../js/facts/sequences.js";

pretendBrowser();
const text = (lang) =>
  translator(JSON.parse(readFileSync(new URL(`../../web/text/${lang}.json`, import.meta.url), "utf8")), lang);
const say = { en: text("en"), zh: text("zh") };

test("every pass of a batch: who was fed how much, and who waited", () => {
  for (const name of ["batch", "static"]) {
    const f = frame(name);
    const x = passes(f);
    const { schedule, step, peers } = f.meta;
    assert.equal(x.passes, step.pass + 1);
    assert.equal(x.whole, step.pass + (step.part === "head" ? 1 : 0));
    const last = x.cells.map((line) => line.at(-1));
    for (const [i, q] of schedule.requests.entries()) {
      assert.equal(last[i].rows, q.rows);
      assert.equal(
        last[i].rows > 0,
        peers.pass.some((p) => p.seq === i),
        "who has rows is in the pass",
      );
      for (const [p, c] of x.cells[i].entries()) {
        if (p < q.started || q.started < 0) assert.equal(c.kind, p < q.arrive ? "away" : "waiting");
        if (c.token) assert.ok(p >= q.first && c.rows > 0);
      }
      const reused = x.cells[i].reduce((s, c) => s + c.reused, 0);
      const fedRows = x.cells[i].filter((c) => c.kind === "prefill").reduce((s, c) => s + c.rows, 0);
      if (q.first >= 0) assert.equal(fedRows + reused, q.prompt, "the whole prompt was fed, or was there");
    }
    for (let p = 0; p < x.passes; p++) {
      assert.equal(
        x.rows[p],
        x.cells.reduce((s, line) => s + line[p].rows, 0),
      );
      assert.equal(
        x.padded[p],
        x.cells.reduce((s, line) => s + line[p].padded, 0),
        `${name}: padding of pass ${p}`,
      );
    }
  }
  assert.ok(passes(frame("static")).padded.some(Boolean), "a static batch pads");
  assert.ok(
    passes(frame("batch"))
      .cells.flat()
      .some((c) => c.reused),
    "a prefix was found",
  );
  assert.equal(passes(frame("panels")), null);
});

test("a batch of one prompt alone, which names no requests, and of no tokens", () => {
  for (const lanes of ["both", "uncached"]) {
    const f = frame("batch");
    const me = f.meta.peers.pass.find((p) => p.seq === f.meta.peers.seq);
    [f.meta.run.recipe.batch.requests, f.meta.run.recipe.max_new, f.meta.run.recipe.lanes] = [null, 0, lanes];
    f.meta.peers.events = [];
    delete me.token;
    f.meta.step = { ...f.meta.step, part: "head", rows: me.prompt, cached: 0, done: null };
    [f.meta.peers.pass, f.meta.peers.seq, me.seq] = [[me], 0, 0];
    const said = sentence(f, say.en);
    assert.ok(said.includes("prefill alone"), said);
    assert.equal(said.includes("in the cache"), lanes === "both", said);
  }
});

test("a request of no tokens leaves with 0 of them", () => {
  const f = frame("batch");
  const said = event(f, { kind: "leave", seq: 0, why: "max-new" }, say.en);
  assert.ok(said.includes("with 0 tokens"), said);
});

test("a search that chose nothing has no answer to tell", () => {
  const f = frame("beams");
  [f.meta.beams, f.meta.peers.events] = [{ finished: [], best: -1 }, []];
  for (const [new_, done] of [
    [0, "max-new"],
    [4, "memory"],
  ]) {
    f.meta.run.recipe.max_new = new_;
    f.meta.step = { ...f.meta.step, part: "head", done };
    for (const [lang, t] of Object.entries(say)) {
      const s = sentence(f, t);
      assert.doesNotMatch(s, /[“「][”」]|, ,|（）|undefined/, `${lang}: ${s}`);
      assert.equal(s.includes(t("say.done.memory")), new_ > 0, s);
    }
  }
});

test("what a request waits for is counted in passes from its arrival", () => {
  assert.deepEqual(waits({ arrive: 2, started: 3, first: 4, ended: 9, chosen: 6 }, 12), { first: 3, each: 1 });
  assert.deepEqual(
    waits({ arrive: 5, started: 1, first: 1, ended: -1, chosen: 3 }, 6),
    { first: 1, each: 2 },
    "nobody to serve: it came early",
  );
  assert.deepEqual(waits({ arrive: 0, started: 0, first: -1, ended: -1, chosen: 0 }, 1), { first: null, each: null });
  const f = frame("static");
  const t = totals(passes(f), f);
  assert.equal(
    t.rows,
    passes(f)
      .rows.slice(0, t.passes)
      .reduce((a, b) => a + b, 0),
  );
  assert.ok(t.busy > 0 && t.busy <= 1);
});

test("the map of a batch has a column for each pass", () => {
  const f = frame("batch");
  const { run } = f.meta;
  const map = place(1000, f.meta);
  assert.equal(
    Math.round((1000 - map.column(0).x) / map.unit),
    Math.ceil((run.ended ? run.recorded : run.length) / (run.config.layers + 1)),
  );
  assert.equal(map.column(1).x - map.column(0).x, map.column(2).x - map.column(1).x);
});

test("the tree of beams: sums add up, parents are a pass before, the answer is one line", () => {
  for (const name of ["beam", "beams"]) {
    const f = frame(name);
    const all = beams(f);
    const { beams: info } = f.meta;
    assert.equal(
      all.length,
      info.passes.reduce((a, b) => a + b, 0),
    );
    for (const b of all) {
      assert.equal(b.parent < 0 ? 0 : all[b.parent].pass + 1, b.pass);
      assert.ok(Math.abs(b.sum - ((all[b.parent]?.sum ?? 0) + b.logProb)) < 1e-9);
      const up = all.find((c) => c.pass === b.pass && c.slot === b.slot - 1);
      assert.ok(!up || up.sum >= b.sum - 1e-5, "the likeliest stands on top");
      assert.ok(share(all, b) <= 1 && share(all, b) > 0);
    }
    if (name === "beams") {
      const line = all.filter((b) => b.answer);
      const best = info.finished[info.best];
      assert.equal(line.length, best.tokens);
      assert.ok(Math.abs(line.at(-1).sum - best.sum) < 1e-4);
    } else
      assert.ok(
        all.filter((b) => b.pass === info.passes.length - 1).every((b) => b.alive) && !all.some((b) => b.answer),
      );
  }
});

test("a node is looked at as the beam that continues it, or that it continues", () => {
  const all = beams(frame("beams"));
  const last = Math.max(...all.map((b) => b.pass));
  for (const b of all) {
    assert.equal(beamOf(all, b.index, 0), 0, "at first there is one text");
    const seq = beamOf(all, b.index, last);
    if (b.pass === last - 1) assert.equal(seq, b.slot);
    if (b.end < last - 1) assert.equal(seq, null, "given up");
    for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]) {
      const to = beside(all, b.index, key);
      if (to !== null) assert.ok(all[to]);
    }
  }
});

test("each event has one sentence in both languages, with its numbers", () => {
  const f = frame("batch");
  const events = [
    { kind: "join", seq: 1, prompt: 14 },
    { kind: "join", seq: 1, prompt: 14, waited: 3 },
    { kind: "reuse", seq: 1, tokens: 8, prompt: 14, saved: 81920 },
    { kind: "chunk", seq: 0, rows: 8, tokens: 8, prompt: 16 },
    { kind: "leave", seq: 2, tokens: 5, why: "eos" },
    { kind: "copy", seq: 2, from: 6, to: 9 },
    { kind: "part", seq: 0, into: 3 },
    { kind: "drop", seq: 1 },
    { kind: "finish", text: " a b", score: -0.5, why: "eos" },
  ];
  for (const lang of ["en", "zh"])
    for (const e of events) {
      const s = event(f, e, say[lang]);
      assert.match(s, /[.。]$/, s);
      assert.doesNotMatch(s, /undefined|NaN|event\./, s);
    }
  assert.match(
    event(f, events[2], say.en),
    /8 of the 14 prompt tokens of request 1 were found in the cache: 81,920 FLOP saved/,
  );
  assert.match(event(frame("beam"), events[5], say.en), /Block 6 was copied, since several beams write into it: to /);
  for (const name of ["batch", "static", "beam", "beams"])
    for (const lang of ["en", "zh"]) {
      assert.doesNotMatch(sentence(frame(name), say[lang]), /undefined|NaN|say\.|event\./);
    }
});

test("a viewer may look at every request, and at every beam of the pass", () => {
  assert.deepEqual(sequences(frame("batch")), [0, 1, 2]);
  const f = frame("beam");
  assert.deepEqual(
    sequences(f),
    f.meta.peers.pass.map((p) => p.seq),
  );
  assert.deepEqual(sequences(frame("panels")), [0]);
  assert.equal(promptOf(frame("batch")), "0 7 19 7 33 9");
});

test("a request that is preempted: its blocks, and what it recomputes", () => {
  const f = frame("preempted");
  const { peers, schedule } = f.meta;
  const x = passes(f);
  const e = peers.events.find((x) => x.kind === "preempt");
  assert.equal(schedule.requests[e.seq].state, "preempted");
  assert.equal(x.cells[e.seq].at(-1).kind, "preempted");
  assert.ok(x.cells[e.seq].filter((c) => c.kind === "preempted").every((c) => c.rows === 0 && !c.again));
  for (const [lang, t] of Object.entries(say)) {
    const said = event(f, e, t);
    for (const b of e.blocks) assert.ok(said.includes(String(b)), `${lang}: ${said}`);
    assert.ok(said.includes(String(e.tokens)), `${lang}: ${said}`);
  }
  const again = frame("recomputed");
  const y = passes(again);
  const q = again.meta.schedule.requests[1];
  assert.ok(q.recomputing > 0 && y.again.at(-1) >= q.recomputing);
  assert.equal(y.cells[1].at(-1).again, q.recomputing);
  assert.equal(y.cells[1].at(-1).kind, "prefill");
  assert.equal(
    y.again.reduce((a, b) => a + b, 0),
    again.meta.schedule.recomputed.rows,
  );
  const said = again.meta.peers.events.filter((x) => x.kind === "recompute").map((x) => event(again, x, say.en));
  assert.ok(
    said.some((s) => s.includes(`${q.recomputing} token`) && s.includes("FLOP")),
    said.join(),
  );
});
