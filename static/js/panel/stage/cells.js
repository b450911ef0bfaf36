// Pointer and keyboard on the matrices of the stage. All of them are one stop of Tab: arrows that leave
// a matrix enter the one that stands there.

import { ARROWS, onKey } from "../../ui/keys.js";
import { hit } from "../../ui/plate.js";

/** @import { Plate } from "../../types.js" */

/**
 * @typedef {{plate: (name: string) => Plate|undefined, plates: () => Plate[], at: (name: string) => {row: number, col:
 * number}|null, point: (name: string, at: {row: number, col: number}) => void, explain: (name: string, focus?: boolean)
 * => void}} Stage where a matrix stands, the cell at hand of it, and what is done with cells
 */

/** @param {Map<string, HTMLCanvasElement>} canvases by their plates' names @param {Stage} stage */
export function listen(canvases, stage) {
  /** The one that Tab comes to. @param {string} name */
  const stop = (name) => {
    for (const [other, canvas] of canvases) canvas.tabIndex = other === name ? 0 : -1;
  };
  for (const [name, canvas] of canvases) {
    const under = (/** @type {MouseEvent} */ e) => {
      const plate = stage.plate(name);
      return plate ? hit(plate, e.offsetX, e.offsetY) : null;
    };
    canvas.addEventListener("pointermove", (e) => {
      // A resting pointer "moves" when the page scrolls under it; the keyboard's cell must not jump there.
      const at = e.movementX || e.movementY ? under(e) : null;
      if (at) stage.point(name, at);
    });
    canvas.addEventListener("click", (e) => {
      const at = under(e);
      if (at) stage.point(name, at);
      if (stage.at(name)) stage.explain(name);
    });
    canvas.addEventListener("focus", () => {
      stop(name);
      if (!stage.at(name)) stage.point(name, { row: 0, col: 0 });
    });
    onKey(canvas, (key, e) => {
      if (key === "Enter" && stage.at(name)) stage.explain(name, true);
      const by = ARROWS[key];
      const plate = stage.plate(name);
      if (!by || !plate) return;
      e.preventDefault();
      e.stopPropagation(); // the page's own keys step the run
      const now = stage.at(name) ?? { row: 0, col: 0 };
      const to = { row: now.row + by[0], col: now.col + by[1] };
      if (to.row >= 0 && to.col >= 0 && to.row < plate.rows && to.col < plate.cols) return stage.point(name, to);
      const next = beside(stage.plates(), plate, now, by);
      if (!next) return;
      stage.point(next.plate.name, next.at);
      canvases.get(next.plate.name)?.focus();
    });
  }
  return stop;
}

/**
 * Where an arrow leads that leaves a matrix: the nearest one in that direction that overlaps the cell's
 * row or column, else the nearest at all.
 * @param {Plate[]} plates @param {Plate} from @param {{row: number, col: number}} cell @param {[number, number]} by
 * rows, columns
 */
export function beside(plates, from, cell, [down, right]) {
  const x = from.x + ((cell.col + 0.5) * from.w) / from.cols;
  const y = from.y + ((cell.row + 0.5) * from.h) / from.rows;
  const ahead = (/** @type {Plate} */ p) =>
    right > 0
      ? p.x - from.x - from.w
      : right < 0
        ? from.x - p.x - p.w
        : down > 0
          ? p.y - from.y - from.h
          : from.y - p.y - p.h;
  /** Pixels beside the line of sight. @param {Plate} p */
  const off = (p) => (right ? outside(y, p.y, p.y + p.h) : outside(x, p.x, p.x + p.w));
  const found = plates
    .filter((p) => p !== from && ahead(p) >= 0)
    .sort((a, b) => off(a) - off(b) || ahead(a) - ahead(b))[0];
  if (!found) return null;
  const row = right ? within((y - found.y) / found.h, found.rows) : down > 0 ? 0 : found.rows - 1;
  const col = down ? within((x - found.x) / found.w, found.cols) : right > 0 ? 0 : found.cols - 1;
  return { plate: found, at: { row, col } };
}

/** How far from a stretch. @param {number} v @param {number} a @param {number} b */
const outside = (v, a, b) => Math.max(a - v, v - b, 0);

/** @param {number} share @param {number} n */
const within = (share, n) => Math.min(Math.max(Math.floor(share * n), 0), n - 1);
