// Bytes that web/export writes as text, five characters for four of them.

const FIRST = "(".charCodeAt(0);
const LESS = "<".charCodeAt(0) - FIRST; // which "}" stands for
const INSTEAD = "}".charCodeAt(0);

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
export function base85(text) {
  const size = Math.floor((text.length * 4) / 5);
  const bytes = new Uint8Array(size + 4);
  for (let from = 0, to = 0; from < text.length; from += 5, to += 4) {
    let word = 0;
    for (let i = from; i < from + 5; i++) {
      const code = i < text.length ? text.charCodeAt(i) : INSTEAD + 1; // the last digit, so that rounding is up
      word = word * 85 + (code === INSTEAD ? LESS : Math.min(code - FIRST, 84));
    }
    for (let i = 0; i < 4; i++) bytes[to + i] = Math.floor(word / 2 ** (24 - 8 * i));
  }
  return bytes.subarray(0, size);
}
