// A lesson that has the whole page: the first minute. It has keys of its own, and its last way into the
// workbench is what its button does at the end.

import { onKey } from "../../ui/keys.js";
import { LAB } from "../../state/url.js";

/** @import { Play, State } from "../../types.js" */

const ON = ["ArrowRight", "PageDown"]; // a clicker's too
const BACK = ["ArrowLeft", "PageUp"];

/** Has a lesson the whole page? */
export const whole = () => !!document.documentElement.dataset.first;

/** @param {HTMLButtonElement} go @param {HTMLButtonElement} before */
export function minuteKeys(go, before) {
  onKey(document, (key, e) => {
    const inside = e.target instanceof HTMLElement && e.target.closest("#stage, input"); // arrows are the cells' there
    const to = ON.includes(key) ? go : BACK.includes(key) ? before : null;
    if (!whole() || !to || (inside && key.startsWith("Arrow"))) return;
    e.preventDefault();
    to.click();
  });
}

/** Takes the page, or gives it back. @param {Play|null} play */
export function takePage(play) {
  const { dataset } = document.documentElement;
  if (play?.first) dataset.first = play.name;
  else delete dataset.first;
}

/** The last way into the workbench that a beat has: it ends the first minute. @param {HTMLElement} text */
export function lastWay(text) {
  const last = text.lastElementChild;
  return /** @type {HTMLButtonElement|null} */ (last?.matches("p") ? last.querySelector("[data-lab]") : null);
}

/**
 * Goes into the workbench, in the language of the page.
 * @param {string} query "?…" says all of it, "&…" what is otherwise than here @param {State} state
 */
export function toLab(query, { frame, lang }) {
  const asked = new URLSearchParams(query.startsWith("&") ? frame?.meta.link : "");
  for (const key of ["lesson", "beat", "answers"]) asked.delete(key);
  for (const [key, value] of new URLSearchParams(query)) asked.set(key, value);
  asked.set("lang", lang);
  location.assign(`${LAB}?${asked}`);
}
