// The fields of a form that are fields of a recipe: the page says of each where its value
// stands in the recipe's JSON (data-path; web/page/fields.go), and nobody lists them here.

import { fault } from "../../ui/refusal.js";

/** @typedef {HTMLInputElement|HTMLSelectElement|HTMLTextAreaElement} Field */
/** @typedef {Record<string, unknown>} Json */

/** @param {ParentNode} root @returns {Field[]} */
export const fieldsOf = (root) => /** @type {Field[]} */ ([...root.querySelectorAll("[data-path]")]);

/** What stands in the fields, as a recipe. @param {Field[]} fields @returns {Json} */
export function read(fields) {
  /** @type {Json} */
  const recipe = {};
  for (const f of fields) {
    const path = (f.dataset.path ?? "").split(".");
    const name = path.pop() ?? "";
    let at = recipe;
    for (const outer of path) at = /** @type {Json} */ (at[outer] ??= {});
    at[name] = valueOf(f);
  }
  return recipe;
}

/** What a recipe has where a field stands. @param {Json} recipe @param {Field} f @returns {unknown} */
export const valueIn = (recipe, f) =>
  (f.dataset.path ?? "")
    .split(".")
    .reduce((/** @type {unknown} */ at, name) => /** @type {Json|undefined} */ (at)?.[name], recipe);

/**
 * Fills the fields. What a recipe leaves out has its default, where the page names one.
 * @param {Field[]} fields
 * @param {Json} recipe
 */
export function write(fields, recipe) {
  for (const f of fields) {
    const value = valueIn(recipe, f) ?? f.dataset.default;
    if (value === undefined) continue;
    if (f.type === "checkbox") /** @type {HTMLInputElement} */ (f).checked = value === true;
    else f.value = String(Array.isArray(value) ? (value[0] ?? "") : value);
  }
}

/** A number that makes no sense does not count, or check would have marked it: it is not given. @param {Field} f */
function valueOf(f) {
  if (f.type === "checkbox") return /** @type {HTMLInputElement} */ (f).checked;
  if (f.type === "number") return number(/** @type {HTMLInputElement} */ (f));
  if (f.dataset.many !== undefined) return f.value ? [f.value] : [];
  return f.value;
}

/** Numbers of up to 64 bits are sent digit by digit. @param {HTMLInputElement} f */
function number(f) {
  if (fault(f)) return undefined;
  if (Number(f.max) <= Number.MAX_SAFE_INTEGER) return Number(f.value);
  return /^\d+$/.test(f.value) ? f.value : String(BigInt(f.valueAsNumber)); // 1e3
}
