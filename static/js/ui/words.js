// The catalogue of a language. Its address says what is in it; the page knows it.

/** @import { Messages } from "../text.js" */

/** @param {string} lang @returns {Promise<Messages>} */
export async function words(lang) {
  const at = document.documentElement.getAttribute(`data-words-${lang}`) || `/text/${lang}.json`;
  return (await fetch(at)).json();
}
