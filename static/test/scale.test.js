import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { linear, clamp } from "../js/scale/linear.js";
import { ramp, indexer, hex } from "../js/scale/color.js";
import { paint } from "../js/ui/matrix.js";
import { pretendBrowser, recorder } from "./canvas.js";
import { si, cell, percent } from "../js/format.js";

test("linear", () => {
  const s = linear([10, 20], [0, 100]);
  assert.equal(s(15), 50);
  assert.equal(linear([3, 3], [7, 9])(3), 7);
  assert.equal(clamp(5, 0, 3), 3);
});

test("a ramp begins and ends with its stops and its lightness is even", () => {
  const r = ramp(["#f1efea", "#07334a"]);
  assert.equal(r.length, 256);
  assert.deepEqual([r[0] & 255, (r[0] >> 8) & 255, (r[0] >> 16) & 255], hex("#f1efea"));
  assert.deepEqual([r[255] & 255, (r[255] >> 8) & 255, (r[255] >> 16) & 255], hex("#07334a"));
  for (let i = 1; i < 256; i++) assert.ok((r[i] & 255) <= (r[i - 1] & 255), "red falls all the way");
});

/** The themes of the stylesheet: name -> colours. */
function themes() {
  const css = readFileSync(new URL("../css/kvstep.css", import.meta.url), "utf8");
  return [...css.matchAll(/(?::root|\[data-theme="(\w+)"\]) \{([^}]*)\}/g)].map(([, name, body]) => ({
    name: name ?? "light",
    colors: Object.fromEntries([...body.matchAll(/--(\w+): (#[0-9a-f]{6});/g)].map(([, k, v]) => [k, v])),
  }));
}

/** A word of a ramp, or a colour of the stylesheet, as linear light. */
const light = (c) =>
  (typeof c === "string" ? hex(c) : [c & 255, (c >> 8) & 255, (c >> 16) & 255]).map((v) =>
    (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4,
  );

/** OKLab of linear light. */
function lab([r, g, b]) {
  const [l, m, s] = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
  ].map((k) => Math.cbrt(k[0] * r + k[1] * g + k[2] * b));
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/**
 * What eyes make of a colour: G. Machado et al., A Physiologically-based Model for Simulation of Color Vision
 * Deficiency, 2009, severity 1.
 */
const EYES = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protan: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deutan: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritan: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
  grey: [
    [0.2126, 0.7152, 0.0722],
    [0.2126, 0.7152, 0.0722],
    [0.2126, 0.7152, 0.0722],
  ],
};
const seen = (c, eyes) =>
  lab(
    EYES[eyes].map((k) =>
      clamp(
        k.reduce((sum, x, i) => sum + x * light(c)[i], 0),
        0,
        1,
      ),
    ),
  );
const apart = (a, b, eyes = "usual") => Math.hypot(...seen(a, eyes).map((x, i) => x - seen(b, eyes)[i]));
const SIGNED = ["neg", "neg1", "zero", "pos1", "pos"];

test("signed values: as far from zero as they are large, on both sides, to every eye and in grey", () => {
  const all = themes();
  assert.equal(all.length, 3);
  for (const { name, colors } of all) {
    const r = ramp(SIGNED.map((end) => colors[end]));
    const zero = colors.zero;
    for (const eyes of Object.keys(EYES)) {
      for (const [side, at] of /** @type {const} */ ([
        ["below", (i) => r[127 - i]],
        ["above", (i) => r[128 + i]],
      ])) {
        // The ends are far from zero, and each quarter of the way is a step of its own.
        assert.ok(apart(at(127), zero, eyes) > 0.38, `${name}, ${eyes}: the end ${side} zero`);
        for (let i = 32; i < 128; i += 32)
          assert.ok(
            apart(at(i), zero, eyes) > apart(at(i - 32), zero, eyes) + 0.05,
            `${name}, ${eyes}: ${side} zero at ${i}`,
          );
      }
    }
    // Even to the eye: a step is as long as the others of its side, and both sides are alike.
    const step = (i) => apart(r[i], r[i + 8]);
    for (const [from, to] of [
      [0, 119],
      [128, 247],
    ]) {
      const steps = [];
      for (let i = from; i < to; i += 8) steps.push(step(i));
      assert.ok(
        Math.max(...steps) < 1.35 * Math.min(...steps),
        `${name}: steps of ${Math.min(...steps)} to ${Math.max(...steps)}`,
      );
    }
    for (const part of [0.25, 0.5, 1]) {
      const [below, above] = [
        apart(r[127 - Math.round(127 * part)], zero),
        apart(r[128 + Math.round(127 * part)], zero),
      ];
      assert.ok(Math.abs(below - above) < 0.2 * above, `${name}: ${below} below and ${above} above zero at ${part}`);
    }
  }
});

test("the sign is seen without red and green; in grey a bar tells it (matrix.js)", () => {
  for (const { name, colors } of themes()) {
    const r = ramp(SIGNED.map((end) => colors[end]));
    for (const eyes of ["usual", "protan", "deutan", "tritan"]) {
      for (const [part, least] of [
        [0.2, 0.04],
        [0.4, 0.08],
        [1, 0.13],
      ]) {
        const d = apart(r[127 - Math.round(127 * part)], r[128 + Math.round(127 * part)], eyes);
        assert.ok(d > least, `${name}, ${eyes}: ${part} and -${part} are only ${d.toFixed(3)} apart`);
      }
    }
  }
});

test("signed colours are no lane's", () => {
  const distance = (a, b) => Math.hypot(...hex(a).map((x, i) => x - hex(b)[i]));
  for (const { name, colors } of themes()) {
    for (const end of SIGNED) {
      for (const lane of ["cached", "uncached", "fresh"])
        assert.ok(
          distance(colors[end], colors[lane]) > 60 && apart(colors[end], colors[lane]) > 0.1,
          `${name}: ${end} is like ${lane}`,
        );
    }
  }
});

test("what is below zero has a bar that is seen in grey, wherever a cell has room", () => {
  pretendBrowser();
  for (const { name, colors } of themes()) {
    const r = ramp(SIGNED.map((end) => colors[end]));
    const values = [-1, -0.6, -0.35, -0.12, -0.01, 0, 0.5, 1];
    const grid = { rows: 1, cols: 8, signed: true, max: 1, at: (_, c) => values[c] };
    for (const [cell, bars] of [
      [4, 4],
      [30, 4],
      [3, 0],
    ]) {
      const { canvas, calls } = recorder();
      paint(canvas, { name: "q", x: 0, y: 0, w: 8 * cell, h: cell, rows: 1, cols: 8 }, grid, r, {
        hatch: "#000",
        line: "#line",
      });
      const drawn = [];
      let fill = "";
      for (const [what, ...args] of calls) {
        if (what === "fillStyle=") fill = args[0];
        if (what === "fillRect" && fill !== "#line") drawn.push([Math.floor((args[0] + args[2] / 2) / cell), fill]);
      }
      assert.equal(drawn.length, bars, `${name}, cells of ${cell} pixels`);
      drawn.forEach(([at, css], i) => {
        assert.equal(at, i);
        const [red, green, blue] = css.match(/\d+/g).map(Number);
        const bar = (red | (green << 8) | (blue << 16)) >>> 0;
        assert.ok(
          apart(bar, r[Math.round(127.5 + 127.5 * values[i])], "grey") > 0.1,
          `${name}: the bar of ${values[i]}`,
        );
      });
    }
    const { canvas, count } = recorder();
    paint(canvas, { name: "probs", x: 0, y: 0, w: 80, h: 4, rows: 1, cols: 8 }, { ...grid, signed: false }, r, {
      hatch: "#000",
      line: "#line",
    });
    assert.equal(count("fillRect"), 0, "shares have no sign");
  }
});

test("indexer", () => {
  const size = indexer(2, false);
  assert.deepEqual([size(0), size(2), size(9), size(1)], [0, 255, 255, 128]);
  const signed = indexer(2, true);
  assert.deepEqual([signed(-2), signed(0), signed(2), signed(-99)], [0, 128, 255, 0]);
  assert.equal(indexer(0, true)(0), 128); // nothing but zeros
});

test("numbers read as people read them", () => {
  assert.equal(si(0, "B"), "0 B");
  assert.equal(si(999, "B"), "999 B");
  assert.equal(si(1024, "B"), "1.02 kB");
  assert.equal(si(999999, "B"), "1.00 MB");
  assert.equal(si("9007199254740993", "FLOP"), "9.01 PFLOP");
  assert.equal(si(0.00123, "s"), "1.23 ms");
  assert.equal(si(0, "s"), "0 s");
  assert.equal(cell(0), "0");
  assert.equal(cell(-1.2345), "-1.23");
  assert.equal(cell(0.00001234), "1.23e-5");
  assert.equal(percent(1), "100 %");
  assert.equal(percent(0.0012), "0.12 %");
  assert.equal(percent(0.00001), "< 0.01 %");
  assert.equal(percent(0), "0 %");
});
