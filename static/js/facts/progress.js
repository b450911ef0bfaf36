// How far somebody is in each lesson, in this browser alone.

const KEY = "kvstep-lessons";

/**
 * @typedef {{link: string, version: string, at: number}} Progress the address of the moment, the lesson's version, and
 * the number of the beat
 */

/** @returns {Record<string, Progress>} by the names of lessons, the last one played last */
export function progress() {
  try {
    const all = Object.entries(JSON.parse(localStorage.getItem(KEY) ?? "{}"));
    return Object.fromEntries(all.filter(([, x]) => typeof x?.link === "string" && typeof x.version === "string"));
  } catch {
    return {}; // private windows refuse storage
  }
}

/** @param {string} lesson @param {Progress} now */
export function remember(lesson, now) {
  try {
    const { [lesson]: _, ...others } = progress();
    localStorage.setItem(KEY, JSON.stringify({ ...others, [lesson]: now }));
  } catch {
    // then the link alone remembers
  }
}
