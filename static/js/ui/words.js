// What a page says in a language: messages, and the cards of the glossary. Their addresses say
// what is in them; the page knows them.

/** @import { Messages } from "../text.js" */
/** @import { Glossary, LessonEntry } from "../types.js" */

/** @param {string} lang @returns {Promise<Messages>} */
export const words = (lang) => fetched(`words-${lang}`, `${lang}.json`);

/** @param {string} lang @returns {Promise<Glossary>} */
export const glossary = (lang) => fetched(`terms-${lang}`, `terms-${lang}.json`);

/** The lessons that can be played now. @param {string} lang @returns {Promise<LessonEntry[]>} */
export const lessons = async (lang) => (await fetch(`/lessons?lang=${lang}`)).json();

/** @param {string} name of the page's attribute @param {string} file */
async function fetched(name, file) {
  const at = document.documentElement.getAttribute(`data-${name}`) || `/text/${file}`;
  return (await fetch(at)).json();
}
