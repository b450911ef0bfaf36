// Colour ramps that are even to the eye: straight lines in OKLab.

import { clamp } from "./linear.js";

/** @typedef {[number, number, number]} RGB */

/** @param {number} v sRGB 0..255 */
const toLinear = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
/** @param {number} v */
const toByte = (v) => Math.round(255 * clamp(v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055, 0, 1));

/** @param {RGB} rgb @returns {RGB} OKLab (B. Ottosson, 2020) */
function toLab([r, g, b]) {
  [r, g, b] = [toLinear(r), toLinear(g), toLinear(b)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

/** @param {RGB} lab @returns {RGB} */
function toRGB([L, a, b]) {
  const l = (L + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (L - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (L - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    toByte(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    toByte(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    toByte(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** @param {string} css "#rrggbb" @returns {RGB} */
export function hex(css) {
  const n = parseInt(css.trim().slice(1), 16);
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255];
}

/**
 * A ramp through the given colours, as 256 little-endian RGBA words ready for
 * an ImageData.
 * @param {string[]} stops
 * @returns {Uint32Array}
 */
export function ramp(stops) {
  const labs = stops.map((s) => toLab(hex(s)));
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const at = (i / 255) * (labs.length - 1);
    const k = Math.min(Math.floor(at), labs.length - 2);
    const f = at - k;
    const lab = /** @type {RGB} */ (labs[k].map((v, c) => v + f * (labs[k + 1][c] - v)));
    const [r, g, b] = toRGB(lab);
    return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
  });
}

/**
 * Index into a ramp for a value: 0..max for sizes, -max..max when signed.
 * @param {number} max @param {boolean} signed
 * @returns {(x: number) => number}
 */
export function indexer(max, signed) {
  const top = max > 0 ? max : 1;
  const [zero, each] = signed ? [127.5, 127.5] : [0, 255];
  return (x) => {
    const i = zero + (each * x) / top;
    return i < 255 ? (i > 0 ? (i + 0.5) | 0 : i <= 0 ? 0 : i) : i >= 255 ? 255 : i; // no number has no colour
  };
}
