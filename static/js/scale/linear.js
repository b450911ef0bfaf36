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

/** The largest size of a number; what is not finite counts nothing. @param {ArrayLike<number>} data */
export function largest(data) {
  let top = 0;
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(data[i]);
    if (size > top && size < Infinity) top = size;
  }
  return top;
}
