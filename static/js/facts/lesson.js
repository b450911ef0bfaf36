// What a frame says of the lesson that its viewer is in, and what its link remembers of their answers.

/** @import { Frame, Play } from "../types.js" */

/** @typedef {{lesson: string, beat: string, answers: string}} Place where somebody is in a lesson */

/** @param {Frame|null} frame @returns {Play|null} */
export const playOf = (frame) => frame?.meta.lesson ?? null;

/** Where the viewer of a frame is; no words say more than its link. @param {Frame|null} frame @returns {Place} */
export function placeOf(frame) {
  const query = new URLSearchParams(frame?.meta.lesson ? frame.meta.link : "");
  const word = (/** @type {string} */ key) => query.get(key) ?? "";
  return { lesson: frame?.meta.lesson?.name ?? "", beat: frame?.meta.lesson?.id ?? "", answers: word("answers") };
}

/** All answers, by the ids of their beats. @param {string} answers @returns {Map<string, string>} */
export const answersOf = (answers) =>
  new Map(
    answers
      .split(";")
      .filter(Boolean)
      .map((part) => {
        const at = part.indexOf("~");
        return [part.slice(0, at), part.slice(at + 1)];
      }),
  );

/** The same as a text. @param {Map<string, string>} all */
export const withAnswers = (all) => [...all].map(([id, given]) => `${id}~${given}`).join(";");

/** All answers as a text, with another one. @param {string} answers @param {string} beat @param {string} answer */
export const withAnswer = (answers, beat, answer) =>
  withAnswers(answersOf(answers).set(beat, answer.replace(/[~;]/g, "")));

/** What somebody has written, with the commas and digits of any keyboard. @param {string} text */
export const written = (text) => text.normalize("NFKC").replaceAll("、", ",").replaceAll(" ", "");

/** Cells that an answer names, "0-2,5" or "1.3", each by itself. @param {string} text @returns {string[]} */
export const cellNames = (text) =>
  text.split(",").flatMap((part) => {
    const [, from, to] = /^(\d+)-(\d+)$/.exec(part.trim()) ?? [];
    if (from === undefined) return /^\d+(\.\d+)?$/.test(part.trim()) ? [part.trim()] : [];
    const n = Math.min(Number(to) - Number(from), 4096);
    return Array.from({ length: Math.max(n + 1, 0) }, (_, i) => String(Number(from) + i));
  });
