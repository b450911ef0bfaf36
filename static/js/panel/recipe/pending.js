// What of the form is not yet run.

/** @typedef {Record<string, unknown>} Json */

/**
 * The fields in which two recipes differ.
 * @param {Json} a @param {Json} b @returns {string[]}
 */
export const differing = (a, b) =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((k) => JSON.stringify(a[k]) !== JSON.stringify(b[k]));

/**
 * May the next run stand at the same step? Its text is the same, and how it is kept another.
 * @param {string[]} changed
 */
export const sameText = (changed) => changed.length > 0 && changed.every((k) => k === "cache" || k === "lanes");
