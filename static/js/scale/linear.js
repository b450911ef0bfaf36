// A linear scale, as a closure.

/**
 * @param {[number, number]} domain @param {[number, number]} range
 * @returns {(x: number) => number}
 */
export function linear([d0, d1], [r0, r1]) {
  const k = d1 === d0 ? 0 : (r1 - r0) / (d1 - d0);
  return (x) => r0 + (x - d0) * k;
}

/** @param {number} x @param {number} low @param {number} high */
export const clamp = (x, low, high) => Math.min(Math.max(x, low), high);
