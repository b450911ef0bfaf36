// How a proposal of the draft was judged.

/**
 * A comparison with just enough decimals to be seen: "0.19 ≥ 0.12".
 * @param {{p: number, q: number, random: number, accepted: boolean}} v
 */
export function test({ p, q, random, accepted }) {
  let d = 2;
  const as = (/** @type {number} */ x) => Number(x.toFixed(d));
  const fits = () => (accepted ? as(random * q) < as(p) : as(random * q) >= as(p)) && !(as(p) === 0 && p >= 0.00005);
  while (d < 6 && !fits()) d++;
  const s = (/** @type {number} */ x) => (x === 0 || x === 1 ? String(x) : x.toFixed(d));
  return `${s(random)} × ${s(q)}${q === 1 ? "" : ` = ${s(random * q)}`} ${accepted ? "<" : "≥"} ${s(p)}`;
}
