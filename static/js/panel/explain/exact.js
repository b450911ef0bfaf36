// Float32 numbers as text: the shortest decimal that reads back as the same
// number, and a short one for sentences.

/** @param {number} x a float32 @returns {string} */
export function exact(x) {
  if (!Number.isFinite(x)) return String(x).replace("Infinity", "Inf");
  if (x === 0) return Object.is(x, -0) ? "-0" : "0";
  for (let digits = 1; digits < 9; digits++) {
    const s = x.toPrecision(digits);
    if (Math.fround(Number(s)) === x) return tidy(s);
  }
  return tidy(x.toPrecision(9));
}

/** A few significant digits. @param {number|string} x @param {number} [digits] */
export function brief(x, digits = 4) {
  const n = Number(x);
  return Number.isFinite(n) ? tidy(n.toPrecision(digits)) : String(x);
}

/** Without needless zeros; very small and very large numbers with an exponent. @param {string} s */
export function tidy(s) {
  const x = Number(s);
  if (x === 0 || (Math.abs(x) >= 1e-4 && Math.abs(x) < 1e9)) return Object.is(x, -0) ? "-0" : String(x);
  return Number.isFinite(x) ? x.toExponential().replace("e+", "e") : s;
}
