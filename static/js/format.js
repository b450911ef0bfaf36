// Numbers as people read them: SI prefixes, few digits, tabular.

const PREFIXES = ["", "k", "M", "G", "T", "P", "E"];

/** Decimal strings (integers beyond 2^53) and numbers. @param {number|string} x */
export const number = (x) => (typeof x === "string" ? Number(x) : x);

/**
 * Three significant digits with an SI prefix: 1234 -> "1.23 k".
 * @param {number|string} value @param {string} unit
 */
export function si(value, unit) {
  let x = number(value);
  if (x !== 0 && Math.abs(x) < 1 && unit === "s") {
    for (const small of ["ms", "µs", "ns"]) {
      x *= 1000;
      if (Math.abs(x) >= 1 || small === "ns") return `${digits(x)} ${small}`;
    }
  }
  let i = 0;
  while (Math.abs(x) >= 999.5 && i < PREFIXES.length - 1) {
    x /= 1000;
    i++;
  }
  return `${i === 0 && Number.isInteger(x) ? x : digits(x)} ${PREFIXES[i]}${unit}`.trim();
}

/** @param {number} x */
const digits = (x) =>
  x === 0 ? "0" : Math.abs(x) >= 100 ? x.toFixed(0) : Math.abs(x) >= 10 ? x.toFixed(1) : x.toFixed(2);

/** A matrix value to three significant digits. @param {number} x */
export function cell(x) {
  if (x === 0) return "0";
  const size = Math.abs(x);
  return size >= 0.001 && size < 10000 ? String(Number(x.toPrecision(3))) : x.toExponential(2);
}

/** Nothing is rounded to 0 or to 100 %: those say "never" and "always". @param {number} p */
export const percent = (p) => within(p, p < 0.0995 || p >= 0.9995 ? 2 : 1);

/** @param {number} p @param {number} decimals */
function within(p, decimals) {
  if (p <= 0 || p >= 1) return p <= 0 ? "0 %" : "100 %";
  return `${p < 0.00005 ? "< 0.01" : p > 0.99995 ? "> 99.99" : (100 * p).toFixed(decimals)} %`;
}

/**
 * Parts of one whole, with two decimals that add up to 100 % with what is not among them: what rounding down
 * leaves goes to those that lost most by it.
 * @param {number[]} parts from 0 to 1 @returns {string[]}
 */
export function shares(parts) {
  const sum = parts.reduce((a, b) => a + b, 0);
  const others = sum < 1 - 1e-6 ? [1 - sum] : []; // less is rounding of float32
  const units = [...parts, ...others].map((p) => (p / (sum + (others[0] ?? 0))) * 10000);
  const whole = units.map(Math.floor);
  const lost = units.map((u, i) => [u - whole[i], i]).sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  const left = Math.round(10000 - whole.reduce((a, b) => a + b, 0));
  for (const [by, i] of lost.slice(0, left)) if (by > 0) whole[i]++;
  const alone = [...parts, ...others].filter((p) => p > 0).length === 1;
  return parts.map((p, i) => {
    if (p <= 0 || alone) return percent(p <= 0 ? 0 : 1);
    return within(Math.min(Math.max(whole[i] / 10000, 1e-9), 1 - 1e-9), 2);
  });
}

/** Sentences side by side: Chinese ones stand without a space. @param {...string} parts empty ones are left out */
export const sentences = (...parts) =>
  parts.filter(Boolean).reduce((a, b) => (a && !/[。：]$/.test(a) ? a + " " : a) + b, "");
