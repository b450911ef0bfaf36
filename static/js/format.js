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

/** @param {number} p */
export const percent = (p) =>
  (p < 0.00005
    ? p === 0
      ? "0"
      : "< 0.01"
    : p >= 0.9995
      ? "100"
      : p >= 0.0995
        ? (100 * p).toFixed(1)
        : (100 * p).toFixed(2)) + " %";

/** Sentences side by side: Chinese ones stand without a space. @param {...string} parts empty ones are left out */
export const sentences = (...parts) =>
  parts.filter(Boolean).reduce((a, b) => (a && !/[。：]$/.test(a) ? a + " " : a) + b, "");
