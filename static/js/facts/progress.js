// How far somebody is in each lesson, in this browser alone.

/** @import { Place } from "./lesson.js" */

const KEY = "kvstep-lessons";

/** @returns {Record<string, {place: Place, at: number}>} by the names of lessons */
export function progress() {
  try {
    const all = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return all && typeof all === "object" ? all : {};
  } catch {
    return {}; // private windows refuse storage
  }
}

/** @param {Place} place @param {number} at the number of its beat */
export function remember(place, at) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...progress(), [place.lesson]: { place, at } }));
  } catch {
    // then the link alone remembers
  }
}
