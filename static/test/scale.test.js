import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { linear, clamp } from "../js/scale/linear.js";
import { ramp, indexer, hex } from "../js/scale/color.js";
import { si, cell, percent } from "../js/view/format.js";

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

/** Relative luminance, 0..1: what is left of a colour in a grey print. */
const grey = (word) => {
  const [r, g, b] = [word & 255, (word >> 8) & 255, (word >> 16) & 255].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

test("signed values can be told apart in grey, and are not the lanes' colours", () => {
  const all = themes();
  assert.equal(all.length, 3);
  const distance = (a, b) => Math.hypot(...hex(a).map((x, i) => x - hex(b)[i]));
  for (const { name, colors } of all) {
    const r = ramp([colors.neg, colors.zero, colors.pos]);
    for (let i = 1; i < 256; i++) assert.ok(grey(r[i]) >= grey(r[i - 1]), `${name}: lightness rises all the way (${i})`);
    assert.ok(grey(r[127]) > 3 * grey(r[0]) && grey(r[255]) > 2 * grey(r[128]), `${name}: both signs stand out from zero`);
    for (const end of ["neg", "zero", "pos"]) {
      for (const lane of ["cached", "uncached", "fresh"]) assert.ok(distance(colors[end], colors[lane]) > 60, `${name}: ${end} is like ${lane}`);
    }
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
