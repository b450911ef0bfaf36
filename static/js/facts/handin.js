// What somebody hands in: where they are in a lesson and what they have answered, as a file and as an address.
// sim/lesson reads both (handin.go).

import { answersOf, withAnswers } from "./lesson.js";

/** @import { HandIn } from "../types.js" */

/** What of an address stands in a file by itself. */
const OWN = /** @type {const} */ (["lesson", "version", "name", "lang", "beat"]);

/**
 * @param {string} link an address within a lesson
 * @param {string} version of the lesson
 * @param {string} name
 * @returns {HandIn}
 */
export function handIn(link, version, name) {
  const query = new URLSearchParams(link);
  const word = (/** @type {string} */ key) => query.get(key) ?? "";
  const moment = [...new Set(query.keys())].filter((key) => ![...OWN, "answers"].includes(key));
  return {
    lesson: word("lesson"),
    version,
    name,
    lang: word("lang"),
    beat: word("beat"),
    answers: Object.fromEntries(answersOf(word("answers"))),
    moment: Object.fromEntries(moment.map((key) => [key, query.getAll(key)])),
  };
}

/** The address that leads back there. @param {HandIn} given */
export function linkOf(given) {
  const query = new URLSearchParams();
  for (const key of OWN) if (given[key]) query.set(key, given[key]);
  query.set("answers", withAnswers(new Map(Object.entries(given.answers))));
  for (const [key, texts] of Object.entries(given.moment)) for (const text of texts) query.append(key, text);
  return `?${query}`;
}

/** Reads a file, null where it is none; what it says the server checks. @param {string} text @returns {HandIn|null} */
export function readHandIn(text) {
  try {
    const { lesson, version = "", name = "", lang = "", beat = "", answers = {}, moment = {} } = JSON.parse(text);
    const words = [lesson, version, name, lang, beat, ...Object.values(answers), ...Object.values(moment).flat()];
    const good =
      lesson && words.every((word) => typeof word === "string") && Object.values(moment).every(Array.isArray);
    return good ? { lesson, version, name, lang, beat, answers, moment } : null;
  } catch {
    return null; // no JSON, or other things than such a file has
  }
}

/** What a file is called. @param {HandIn} given */
export function fileName({ lesson, name }) {
  const who = name.replace(/[^\p{L}\p{N}._-]+/gu, "_").replace(/^[._]+|_+$/g, "");
  return `kvstep-${lesson}${who && `-${who}`}.json`;
}
