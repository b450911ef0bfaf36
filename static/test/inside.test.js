import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { plan } from "../js/panel/inside/plan.js";
import { box, marked, marks } from "../js/ui/marks.js";
import { following } from "../js/panel/ops/index.js";
import { exact, brief, tidy } from "../js/panel/explain/exact.js";
import { formula } from "../js/panel/explain/mathml.js";
import { reason } from "../js/panel/explain/reason.js";
import { short, title, cellOf } from "../js/panel/explain/refs.js";
import { opReadout, readout, tensorOf } from "../js/facts/readout.js";
import { likeliest, tags } from "../js/panel/inside/tags.js";
import { around } from "../js/panel/inside/op-axes.js";
import { decode } from "../js/wire/decode.js";
import { createWeights } from "../js/wire/weights.js";
import { translator } from "../js/text.js";
import { recorder, pretendBrowser, theme } from "./canvas.js";
import { bytes, frame } from "./frames.js";
import { sharers } from "../js/facts/heads.js";
import { toPlate, toTensor } from "../js/ui/plate.js";

pretendBrowser();
const load = (lang) => JSON.parse(readFileSync(new URL(`../../web/text/${lang}.json`, import.meta.url), "utf8"));
const ASKED = ["scores", "softmax", "followed", "logits", "chances"]; // frames with an explanation

/** The plan of an op's frame, as the panel inside makes it. */
function planOf(f, width = 860) {
  const { rows: m, cached } = f.meta.pick_step;
  const [rows, cols] = tensorOf(f, f.meta.op.id).shape;
  return plan({
    width,
    op: f.meta.op.id,
    kind: f.meta.op.kind,
    inputs: f.meta.op.inputs,
    out: { op: f.meta.op.id, rows, cols },
    m,
    positions: cached + m,
    head: f.meta.pick.head,
  });
}

test("heads that share a K/V head", () => {
  const of = (heads, kv_heads, kv_head) =>
    sharers({ meta: { run: { config: { heads, kv_heads } }, pick: { kv_head } } });
  assert.deepEqual(of(4, 4, 1), []);
  assert.deepEqual(of(4, 2, 1), [2, 3]);
  assert.deepEqual(of(4, 1, 0), [0, 1, 2, 3]);
});

test("the likeliest tokens are ringed and named among the logits, the chosen one first", () => {
  const f = {
    meta: {
      step: { n: 5, part: "head" },
      pick: { from: 5 },
      op: { id: "logits" },
      top: [
        { id: 3, label: "a", chosen: false },
        { id: 70, label: "b", chosen: true },
        { id: 4, label: "c" },
        { id: 9, label: "d" },
      ],
    },
  };
  assert.deepEqual(
    likeliest(f).map((x) => x.label),
    ["b", "a", "c"],
  );
  assert.deepEqual(
    likeliest({ meta: { ...f.meta, pick: { from: 4 } } }),
    [],
    "another step's logits have other candidates",
  );
  const { canvas, calls } = recorder();
  tags(canvas, { name: "logits", x: 10, y: 20, w: 640, h: 40, rows: 4, cols: 64, fold: 64 }, likeliest(f), theme);
  assert.deepEqual(
    calls.filter((c) => c[0] === "strokeRect").map((c) => [c[1], c[2]])[1],
    [10 + 6 * 10 - 1, 20 + 10 - 1],
    "row 1, column 6",
  );
  assert.deepEqual(
    calls.filter((c) => c[0] === "fillText").map((c) => c[1]),
    ["b", "a"],
    "a name that would cover another is left out",
  );
});

test("float32 numbers read back from their text, in as few digits as Go needs", () => {
  let seen = 0;
  for (const name of ASKED) {
    const f = frame(name);
    for (const x of [...(f.tensors["explain.terms"]?.data ?? []), ...(f.tensors["explain.tree"]?.data ?? [])]) {
      assert.equal(Math.fround(Number(exact(x))), x);
      seen++;
    }
    const e = f.meta.explain;
    if (e.sum) assert.equal(exact(f.tensors["explain.tree"].data.at(-1)), tidy(e.sum.value)); // Go's own shortest text
    for (const c of e.calc ?? []) assert.equal(exact(Math.fround(Number(c.value))), tidy(c.value));
  }
  assert.ok(seen > 100);
  assert.deepEqual(
    [0.1, -0, 1e-30, 3e9, -Infinity, 1 / 3].map((x) => exact(Math.fround(x))),
    ["0.1", "-0", "1e-30", "3e9", "-Inf", "0.33333334"],
  );
  assert.equal(brief("0.9071235"), "0.9071");
});

test("what the panel shows adds up to the stored number, in the order of the lanes", () => {
  for (const name of ["scores", "logits"]) {
    const f = frame(name);
    const terms = f.tensors["explain.terms"].data;
    const lanes = new Float32Array(16);
    for (let i = 0; i < f.meta.explain.sum.n; i++) {
      const [a, b] = [0, 1].map((c) => Math.fround(Number(exact(terms[4 * i + c]))));
      lanes[i % 16] += Math.fround(a * b);
      assert.equal(lanes[i % 16], terms[4 * i + 3]);
    }
    for (let half = 8; half >= 1; half /= 2) for (let l = 0; l < half; l++) lanes[l] += lanes[l + half];
    assert.equal(exact(lanes[0]), tidy(f.meta.explain.sum.value));
    assert.equal(f.meta.explain.exact, true);
  }
});

test("a product stands at the crossing of its factors, everything else in columns", () => {
  const dots = planOf(frame("followed"));
  const [q, k, out] = dots.plates;
  assert.deepEqual([q.y, q.h, k.x, k.w], [out.y, out.h, out.x, out.w]);
  assert.ok(k.transposed && k.over);
  const act = planOf(frame("act"));
  assert.deepEqual(
    act.plates.map((p) => [p.x, p.w]),
    Array(3).fill([act.label, act.plates[0].w]),
  );
  for (const name of ["scores", "softmax", "followed", "logits", "act"]) {
    for (const width of [280, 400, 860, 1300]) {
      const p = planOf(frame(name), width);
      for (const a of p.plates) {
        assert.ok(a.x >= 0 && a.x + a.w <= width + 1 && a.y + a.h <= p.height, `${name} ${a.name} at ${width}`);
        for (const b of p.plates) {
          if (a !== b)
            assert.ok(
              a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y,
              `${name}: ${a.name} over ${b.name}`,
            );
        }
      }
    }
  }
});

test("a bias stands between its matrix and the result, and only this head's share of both is drawn", () => {
  const p = plan({
    width: 860,
    op: "q",
    kind: "dot",
    m: 3,
    positions: 3,
    head: 2,
    out: { op: "q", rows: 3, cols: 4 },
    inputs: [
      { op: "norm1", rows: 3, cols: 16 },
      { op: "w_q", rows: 4, cols: 16, weight: true, first: 8 },
      { op: "b_q", rows: 1, cols: 4, first: 8 },
    ],
  });
  const [x, w, b, q] = p.plates;
  assert.deepEqual([x.name, w.name, b.name, q.name], ["norm1", "w_q", "b_q", "q"]);
  assert.deepEqual([b.x, b.w, b.rows], [q.x, q.w, 1]);
  assert.ok(w.y + w.h < b.y && b.y + b.h < q.y && q.y + q.h <= p.height);
  assert.deepEqual(
    p.signs.map((s) => s[0]),
    ["·", "=", "+"],
  );
  assert.deepEqual(toPlate(w, 9, 5), { row: 5, col: 1 }, "row 9 of W_Q is this head's second");
  assert.deepEqual(toTensor(w, { row: 5, col: 1 }), { row: 9, col: 5 });
  assert.deepEqual(toPlate(b, 0, 9), { row: 0, col: 1 });
  assert.deepEqual(toTensor(b, { row: 0, col: 1 }), { row: 0, col: 9 });
  assert.equal(box(b, { row: 0, col: 3 }), null, "another head's");
  const norm = plan({
    width: 860,
    op: "norm1",
    kind: "rms",
    m: 3,
    positions: 3,
    head: 0,
    out: { op: "norm1", rows: 3, cols: 16 },
    inputs: ["x", "w_norm1", "b_norm1"].map((op) => ({ op, rows: op === "x" ? 3 : 1, cols: 16 })),
  });
  assert.deepEqual(
    norm.signs.map((s) => s[0]),
    ["×", "+", "↓"],
  );
});

test("a plate shows every cell of its tensor, and each cell is found again", () => {
  for (const name of ["followed", "logits", "act"]) {
    const f = frame(name);
    for (const p of planOf(f).plates) {
      const [rows, cols] = tensorOf(f, p.name).shape;
      for (let row = 0; row < rows; row++) {
        for (let col = 0; col < cols; col++) {
          const at = toPlate(p, row, col);
          assert.ok(at.row < p.rows && at.col < p.cols);
          assert.deepEqual(toTensor(p, at), { row, col });
        }
      }
    }
  }
});

test("marks stand on the cells that were read, and arrows lead from there", () => {
  const f = frame("scores");
  const plates = [
    { name: "Q", x: 0, y: 100, w: 60, h: 30, rows: 1, cols: 6 },
    { name: "K", x: 80, y: 0, w: 70, h: 60, rows: 6, cols: 7, transposed: true },
    { name: "scores", x: 80, y: 100, w: 70, h: 30, rows: 1, cols: 7 },
  ];
  const what = marked(f, plates);
  assert.deepEqual(what.cell, { x: 100, y: 100, w: 10, h: 30 });
  assert.deepEqual(what.reads.slice(0, 2), [
    { x: 0, y: 100, w: 60, h: 30 },
    { x: 100, y: 0, w: 10, h: 60 },
  ]);
  const { canvas, count } = recorder();
  marks(canvas, { width: 200, height: 140 }, what, theme);
  assert.equal(count("strokeRect"), 2 * 3); // each with a halo
  assert.equal(count("fill"), 2 * 2);
  assert.equal(box(plates[0], { row: 1, col: 0 }), null);
  assert.deepEqual(marked(frame("followed"), plates).reads, []); // another step wrote it: nothing to mark here
});

test("one key walks every op of the run, forward and back", () => {
  const inLayer = ["x", "norm1", "next"];
  const inHead = ["norm3", "logits"];
  const run = { config: { layers: 2 }, recorded: 6, ended: "max-new" };
  let meta = { run, pick: { op: "", from: null }, step: null };
  const go = (by) => {
    const next = following(meta, by, inLayer, inHead);
    if (!next) return false;
    const from = next.step ?? meta.pick.from ?? 0;
    meta = { run, step: { n: from, part: from % 3 === 2 ? "head" : "layer" }, pick: { op: next.op, from } };
    return true;
  };
  const way = [];
  while (go(1)) way.push(`${meta.pick.from} ${meta.pick.op}`);
  const whole = [0, 1, 2, 3, 4, 5].flatMap((n) => (n % 3 === 2 ? inHead : inLayer).map((op) => `${n} ${op}`));
  assert.deepEqual(way, whole);
  const back = [];
  while (meta.pick.op && go(-1)) back.push(`${meta.pick.from} ${meta.pick.op}`);
  assert.deepEqual(back, [...whole.slice(0, -1).reverse(), "0 "]);
});

test("every explanation has a title, a sentence and a way, whole in both languages", () => {
  for (const lang of ["en", "zh"]) {
    const t = translator(load(lang), lang);
    for (const name of ASKED) {
      const f = frame(name);
      const said = [title(f, f.meta.explain, t), reason(f, t), ...f.meta.explain.trail.map((c) => short(f, c, t))];
      for (const s of said)
        assert.ok(
          s.length > 3 && !/\{\{|undefined|NaN|null|(^|\s)(explain|name|cell)\./.test(s),
          `${lang} ${name}: ${s}`,
        );
    }
    const scores = reason(frame("scores"), t);
    const key = frame("scores").meta.tokens[2][1];
    assert.ok(scores.includes(key) && scores.includes(brief(frame("scores").meta.explain.value)), scores);
    assert.ok(scores.includes(t("where.prefill")), "the cached key says who wrote it");
  }
});

test("a key that the cache has evicted is not said to be read from it", () => {
  const f = frame("scores");
  const e = f.meta.explain;
  const t = translator(load("en"), "en");
  assert.match(reason(f, t), /it comes from the cache/);
  e.evicted = e.step;
  assert.match(reason(f, t), /the cache had evicted that key in decode pass 2 · layer 1: this score takes no part/);
  assert.doesNotMatch(reason(f, t), /comes from the cache/);
  e.lane = "uncached";
  delete e.evicted;
  assert.match(reason(f, t), /Computed in this very pass/);
  const k = frame("again");
  Object.assign(k.meta.explain, { kind: "stored", lane: undefined, evicted: k.meta.explain.step });
  assert.match(title(k, k.meta.explain, t), /^key of/);
  assert.match(reason(k, t), /is not in the cache any more: written in .*, evicted in decode pass 2/);
});

test("of two equal tokens an explanation says which, by position", () => {
  const f = frame("scores");
  for (const token of f.meta.tokens) token[1] = "the"; // all alike
  const t = translator(load("en"), "en");
  const says = [title(f, f.meta.explain, t), reason(f, t), short(f, f.meta.explain.trail[0], t)];
  for (const s of says) {
    assert.match(s, /“the” at 2/, s);
    assert.equal(s.match(/the”?/g).length >= 2 && /“the”(?! at \d)/.test(s), false, s);
  }
  assert.match(readout({ frame: frame("decode"), cell: { op: "scores", row: 0, col: 2 }, t }).where, /” at 2$/);
});

test("operands of a line lie side by side", () => {
  const [q, k] = frame("scores").meta.explain.reads;
  assert.deepEqual(cellOf(q, 3), { step: 7, op: "Q", head: 1, row: 0, col: 3 });
  assert.deepEqual(cellOf(k, 3), { step: 7, op: "K", head: 1, row: 2, col: 3 });
});

test("the formula ends in the value", () => {
  const element = (name) => ({
    name,
    parts: [],
    append(...parts) {
      this.parts.push(...parts);
    },
    setAttribute() {},
    get textContent() {
      return this.parts.map((p) => p.textContent ?? p).join("");
    },
  });
  document.createElementNS = (_, name) => element(name);
  for (const name of ["scores", "softmax", "logits"]) {
    const f = frame(name);
    const pieces = formula(f.meta.explain, f.tensors["explain.terms"].data);
    assert.ok(pieces.length >= 3);
    assert.ok(
      pieces.at(-1).textContent.replace("−", "-").endsWith(brief(f.meta.explain.value, 3)),
      pieces.at(-1).textContent,
    );
  }
  assert.deepEqual(formula({ kind: "stored", value: "1" }, []), []);
});

/** What a form is worth that has numbers alone. */
function worth({ name, parts }) {
  const inner = () => parts.map(worth).join("");
  switch (name) {
    case "mn":
      return parts[0];
    case "mo":
      return { "−": "-", "·": "*", "+": "+", "(": "(", ")": ")", "≈": "", "=": "" }[parts[0]] ?? "?";
    case "mi":
      return parts[0] === "e" ? "Math.E" : "?";
    case "mfrac":
      return `((${worth(parts[0])})/(${worth(parts[1])}))`;
    case "msqrt":
      return `Math.sqrt(${inner()})`;
    case "msup":
      return `((${worth(parts[0])})**(${worth(parts[1])}))`;
    default:
      return inner();
  }
}

test("who works out a line that is written comes to the result that is written", () => {
  const calc = (name, value, ...args) => ({ name, value, args: args.map((value) => ({ value })) });
  const softmax = {
    kind: "softmax",
    value: "0.0005992",
    sum: { value: 1.00493 },
    calc: [calc("less", "-7.41524", "-3.1", "4.31524"), calc("max", "4.31524"), calc("exp", "0.000602211")],
  };
  let worked = 0;
  for (const [e, terms] of [
    [softmax, []], // three digits of each would say 0.000602 / 1 = 0.000599
    ...ASKED.map((name) => [frame(name).meta.explain, frame(name).tensors["explain.terms"]?.data ?? []]),
  ]) {
    const forms = formula(e, terms).map(worth);
    for (const line of forms.slice(0, -1)) {
      if (/[?…]|^$/.test(line)) continue; // letters, or a sum that is not all there
      const value = Function(`return ${line}`)();
      assert.equal(brief(value, 3), brief(e.value, 3), `${e.kind}: ${line} = ${forms.at(-1)}`);
      worked++;
    }
  }
  assert.ok(worked > 3, `${worked} lines were worked out`);
});

test("the readout of an op: a rough value at once, the exact one when it has come", () => {
  const f = frame("act");
  const t = translator(load("en"), "en");
  const rough = opReadout({ frame: f, cell: { op: "gate", row: 2, col: 3 }, t });
  assert.equal(rough.exact, false);
  assert.ok(Math.abs(Number(rough.value) - tensorOf(f, "gate").data[2 * 20 + 3]) < 1e-2);
  assert.equal(opReadout({ frame: f, cell: { op: "probs", row: 0, col: 0 }, t }), null);
});

/** A frame with one matrix of three shares. @param {string} name @param {object} told */
function shares(name, told) {
  const meta = { kvstep: 1, pick: {}, pick_step: { rows: 1, cached: 0 }, tokens: [[1, "a"]], ...told };
  const header = new TextEncoder().encode(
    JSON.stringify({
      __metadata__: Object.fromEntries(Object.entries(meta).map(([k, v]) => [k, JSON.stringify(v)])),
      [name]: { dtype: "U8", shape: [1, 3], data_offsets: [0, 3] },
    }),
  );
  const bytes = new Uint8Array(8 + header.length + 3);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  bytes.set([1, 128, 255], 8 + header.length);
  return decode(bytes.buffer);
}

test("queries of a long prompt are a picture; the one at hand is told exactly when that has come", () => {
  const t = translator(load("en"), "en");
  const cell = { op: "Q", row: 0, col: 2 };
  const f = shares("Q", { attention: { max: { Q: 2.54 } } });
  assert.deepEqual(
    [...f.tensors.Q.data].map((x) => Number(x.toFixed(4))),
    [-2.54, 0, 2.54],
  );
  assert.equal(readout({ frame: f, cell, t }).value, "…");
  const told = shares("Q", { attention: { max: { Q: 2.54 } }, cell: { ...cell, value: "2.5375" } });
  assert.equal(readout({ frame: told, cell, t }).value, "2.5375");
});

test("a large input is a picture; its numbers are told when they have come", () => {
  const f = shares("op.gate", { op: { id: "act", inputs: [{ op: "gate", rows: 1, cols: 3, max: 2.54 }] } });
  assert.deepEqual(
    [...tensorOf(f, "gate").data].map((x) => Number(x.toFixed(4))),
    [-2.54, 0, 2.54],
  );
  const t = translator(load("en"), "en");
  const cell = { op: "gate", row: 0, col: 2 };
  assert.equal(opReadout({ frame: f, cell, t }).value, "…");
  f.meta.cell = { ...cell, value: "2.5399988" };
  assert.equal(opReadout({ frame: f, cell, t }).value, "2.5399988");
});

test("token names stand beside the rows, above the keys", () => {
  const f = frame("followed");
  const { canvas, calls } = recorder();
  around(canvas, planOf(f), f, theme);
  const words = calls.filter((c) => c[0] === "fillText").map((c) => c[1]);
  const names = f.meta.tokens.map((x) => x[1]);
  assert.ok(names.slice(0, 6).every((n) => words.includes(n)) && words.includes("·"));
});

test("a weight matrix is fetched once, and again after the server was away", async () => {
  const asked = [];
  let arrived = 0;
  let up = true;
  const weights = createWeights(
    () => arrived++,
    async (url) => {
      asked.push(url);
      if (!up) throw new Error("away");
      return { ok: true, arrayBuffer: async () => bytes("act") };
    },
  );
  assert.equal(weights("m", 1, "w_q").tensor, null);
  await new Promise((done) => setTimeout(done));
  weights("m", 1, "w_q");
  assert.deepEqual([asked.length, arrived], [1, 1]);
  up = false;
  weights("m", 2, "w_q");
  await new Promise((done) => setTimeout(done));
  up = true;
  weights("m", 2, "w_q");
  assert.equal(asked.length, 3);
});

test("a weight matrix that is refused says why, and is asked for again by who still looks", async () => {
  const problem = { problem: "memory.process", args: { Want: 1 } };
  const answers = [503, 503, 200, 404, 422];
  const waits = [];
  let changes = 0;
  let due = () => {};
  const weights = createWeights(
    () => changes++,
    async () => {
      const status = answers.shift();
      return { ok: status === 200, status, json: async () => problem, arrayBuffer: async () => bytes("act") };
    },
    (f, ms) => (waits.push(ms), (due = f)),
  );
  const look = async (op) => {
    weights("m", 1, op);
    await new Promise((done) => setTimeout(done));
    return weights("m", 1, op);
  };
  const refused = { tensor: null, refused: problem, soon: true };
  assert.deepEqual(await look("w_q"), refused);
  assert.deepEqual([await look("w_q"), answers.length], [refused, 4]); // not before it is time
  due();
  assert.deepEqual([changes, answers.length], [2, 4]); // and not where nobody looks
  assert.deepEqual([await look("w_q"), answers.length], [refused, 3]);
  due();
  assert.deepEqual(await look("w_q"), { tensor: undefined }); // this file has no w
  assert.deepEqual(waits, [2000, 4000]);
  assert.deepEqual(await look("w_head"), { tensor: null, large: true });
  assert.deepEqual(await look("w_k"), { tensor: null, refused: problem, soon: false });
  assert.equal(waits.length, 2);
});

/** What a picture of a run must not be made of. */
const INVENTED = [
  /Math\s*\.\s*random|getRandomValues|randomUUID/,
  /\b(Float32|Float64|Uint8|Int8|Uint16|Int16|Uint32|Int32)Array\s*(\.of\s*\(|\(\s*\[)/, // a typed array of literals
  /\[\s*(-?\d[\d.e+-]*\s*,\s*){4,}-?\d[\d.e+-]*\s*,?\s*\]/, // five or more numbers in a row
  /\[\s*\[\s*-?\d[\d.]*\s*,[^\]a-z]*\]\s*,\s*\[\s*-?\d[\d.]*\s*,[^\]a-z]*\]\s*,\s*\[\s*-?\d/, // a table of numbers
  /\b(fake|dummy|sample|example|placeholder)(Data|Values|Matrix|Tensor|Weights)\b/i,
];

test("no view invents numbers: nothing random, nothing hard-coded", () => {
  const root = new URL("../js/", import.meta.url);
  const files = readdirSync(root, { recursive: true })
    .map(String)
    .filter((f) => /^(panel\/(?!take\/)|facts\/|ui\/|wire\/|state\/).*\.js$/.test(f));
  assert.ok(files.length > 25);
  for (const file of files) {
    const source = readFileSync(new URL(file, root), "utf8");
    for (const bad of INVENTED) assert.ok(!bad.test(source), `${file}: ${bad.exec(source)?.[0]}`);
  }
  for (const spoiled of [
    "x = Math.random()",
    "new Float32Array([0.5, 1])",
    "const q = [0.1, -0.2, 0.3, 0.4, 0.5]",
    "[[1, 2], [3, 4], [5, 6]]",
    "const sampleValues = 1",
  ]) {
    assert.ok(
      INVENTED.some((bad) => bad.test(spoiled)),
      `would not be noticed: ${spoiled}`,
    );
  }
});

test("logits of any vocabulary stay on one screen, and every token has its cell", () => {
  for (const [vocab, lines] of [
    [50, 1],
    [1280, 20],
    [32000, 125],
    [50257, 197],
  ]) {
    const p = plan({
      width: 860,
      op: "logits",
      kind: "dot",
      m: 1,
      positions: 9,
      head: 0,
      out: { op: "logits", rows: 1, cols: vocab },
      inputs: [
        { op: "final", rows: 1, cols: 288 },
        { op: "w_head", rows: vocab, cols: 288, weight: true },
      ],
    });
    const logits = p.plates[p.plates.length - 1];
    assert.equal(logits.rows, lines, `${vocab}`);
    assert.ok(logits.h <= 620 && logits.x + logits.w <= 860, `${vocab}: ${logits.w} x ${logits.h}`);
    assert.deepEqual(toTensor(logits, toPlate(logits, 0, vocab - 1)), { row: 0, col: vocab - 1 });
  }
});

test("a cache stands whole in the window, with its new rows, however long it is", () => {
  for (const positions of [18, 60, 200])
    for (const height of [300, 400, 600]) {
      const k = (/** @type {number} */ rows) => ({ op: "K", rows, cols: 32 });
      const made = plan({
        ...{ width: 700, height, op: "K", kind: "append", inputs: [{ ...k(1), op: "k_rope" }], out: k(positions) },
        ...{ m: 1, positions, head: 0 },
      });
      if (positions * 1.5 + 100 < height) assert.ok(made.height <= height, `${positions} in ${height}: ${made.height}`);
    }
});
