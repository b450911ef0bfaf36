// Geometry of the cache picture, [side, layer, kv_head, position]. No DOM.

import { clamp } from "../../scale/linear.js";

/** @import { Row } from "../../types.js" */

/** @typedef {ReturnType<typeof plan>} Plan */

const LEFT = 40; // pixels for the layers' names
const TITLE = 18; // and for the letter of a side
const NARROWEST = 2.5; // pixels of a position; where less is left, V stands below K

/**
 * @param {{width: number, layers: number, heads: number, capacity: number}} size pixels, layers, kv heads, positions
 * the run may need
 */
export function plan({ width, layers, heads, capacity }) {
  const strip = heads > 4 ? 6 : 9; // pixels of one head, a gap included
  const block = heads * strip + 8;
  const beside = (width - LEFT) / 2;
  const stacked = (beside - 12) / capacity < NARROWEST;
  // pixels of one position, below 1 where it must be
  const mark = Math.min((stacked ? width - LEFT : beside - 12) / capacity, 14);
  const tall = TITLE + layers * block;
  const x = (/** @type {number} */ side) => LEFT + (stacked ? 0 : side * beside);
  const top = (/** @type {number} */ side) => (stacked ? side * (tall + 8) : 0);
  return {
    strip,
    mark,
    stacked,
    height: stacked ? 2 * tall + 8 : tall,
    x,
    top,
    /** Where a layer's first head begins; the last layer stands on top. @param {number} side @param {number} layer */
    y: (side, layer) => top(side) + TITLE + (layers - 1 - layer) * block,
    /** The row under a point, or null. @param {number} px @param {number} py @returns {Row|null} */
    at(px, py) {
      for (const side of [0, 1]) {
        const position = Math.floor((px - x(side)) / mark);
        const from = py - top(side) - TITLE;
        const layer = layers - 1 - Math.floor(from / block);
        const head = Math.floor((from % block) / strip);
        if (from >= 0 && layer >= 0 && head < heads && position >= 0 && position < capacity)
          return { side, layer, head, position };
      }
      return null;
    },
    /**
     * The next row in a direction, as the picture stands.
     * @param {Row} row @param {string} key @param {number} held positions that can be visited
     * @returns {Row|null} null for a key that moves nothing
     */
    step(row, key, held) {
      const line = row.layer * heads + (heads - 1 - row.head); // from the bottom up
      const lines = layers * heads;
      const flat = row.side * held + row.position; // K, then V
      const on = (/** @type {number} */ f) => ({ ...row, side: f < held ? 0 : 1, position: f % held });
      const to = (/** @type {number} */ l) => ({ ...row, layer: Math.floor(l / heads), head: heads - 1 - (l % heads) });
      switch (key) {
        case "ArrowLeft":
          return on(clamp(flat - 1, 0, 2 * held - 1));
        case "ArrowRight":
          return on(clamp(flat + 1, 0, 2 * held - 1));
        case "ArrowUp":
          return to(clamp(line + 1, 0, lines - 1));
        case "ArrowDown":
          return to(clamp(line - 1, 0, lines - 1));
        case "Home":
          return { ...row, position: 0 };
        case "End":
          return { ...row, position: held - 1 };
      }
      return null;
    },
  };
}
