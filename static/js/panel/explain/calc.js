// The parts of an explanation that its kind has: an absent one is a fault of the program.

/** @import { Calc, Explain, Sum } from "../../types.js" */

/** An operation by its name. @param {Pick<Explain, "calc">} e @param {string} name @returns {Calc|undefined} */
export const find = (e, name) => e.calc?.find((c) => c.name === name);

/** @param {Pick<Explain, "calc">} e @param {string} name */
export const calcOf = (e, name) => there(find(e, name), name);

/** An operation by its place, a negative one from the end. @param {Pick<Explain, "calc">} e @param {number} i */
export const calcAt = (e, i) => there(e.calc?.at(i), i);

/** @param {Pick<Explain, "sum">} e @returns {Sum} */
export const sumOf = (e) => there(e.sum, "sum");

/** @template T @param {T|undefined} x @param {string|number} what @returns {T} */
function there(x, what) {
  if (x === undefined) throw new Error(`nothing is explained by ${what}`);
  return x;
}
