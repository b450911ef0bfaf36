// How far somebody is in each lesson, in this browser alone.

/** @import { Place } from "../../facts/lesson.js" */

const KEY = "kvstep-lessons";

/** @returns {Record<string, Place & {beats: number}>} */
export function progress() {
  try {
    const all = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return all && typeof all === "object" ? all : {};
  } catch {
    return {}; // private windows refuse storage
  }
}

/** @param {Place} place @param {number} beats */
export function remember(place, beats) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...progress(), [place.lesson]: { ...place, beats } }));
  } catch {
    // then the link alone remembers
  }
}
