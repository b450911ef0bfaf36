// The elements that show the matrices of an op, made when they are first needed,
// and the pointer and keyboard on them.

import { ARROWS, onKey } from "../../ui/keys.js";
import { el } from "../../ui/dom.js";
import { toPlate, toTensor, hit } from "../../ui/plate.js";

/** @import { Actions, Cell, Plate } from "../../types.js" */

/**
 * @typedef {{box: HTMLElement, canvas: HTMLCanvasElement, cursor: HTMLElement, name: HTMLElement, shape: HTMLElement}}
 * Drawn
 */

/**
 * @param {HTMLElement} field @param {HTMLElement} marks lie over every matrix
 * @param {(name: string) => Plate|null} find where a matrix stands now
 * @param {Pick<Actions, "pickCell"|"explainCell">} act @param {() => Pick<Cell, "lane">} lane that is drawn
 */
export function createPlates(field, marks, find, act, lane) {
  /** @type {Map<string, Drawn>} */
  const drawn = new Map();
  let here = /** @type {Cell|null} */ (null); // the cell at hand

  /** @param {string} name @param {{row: number, col: number}|null} at cell of the plate */
  function go(name, at) {
    const plate = find(name);
    if (!plate || !at) return;
    const to = { op: name, ...toTensor(plate, at), ...lane() };
    if (here && here.op === name && here.row === to.row && here.col === to.col && here.lane === to.lane) return;
    here = to;
    act.pickCell(here);
  }

  /** @param {string} name @param {HTMLCanvasElement} canvas */
  function listen(name, canvas) {
    const under = (/** @type {MouseEvent} */ e) => {
      const plate = find(name);
      return plate ? hit(plate, e.offsetX, e.offsetY) : null;
    };
    canvas.addEventListener("pointermove", (e) => (e.movementX || e.movementY) && go(name, under(e)));
    canvas.addEventListener("click", (e) => {
      go(name, under(e));
      if (here?.op === name) act.explainCell(here);
    });
    canvas.addEventListener("focus", () => here?.op !== name && go(name, { row: 0, col: 0 }));
    onKey(canvas, (key, e) => {
      const plate = find(name);
      if (!plate) return;
      const step = ARROWS[key];
      if (key === "Enter" && here?.op === name) act.explainCell(here, true);
      else if (step) {
        const now = here?.op === name ? toPlate(plate, here.row, here.col) : { row: 0, col: 0 };
        go(name, {
          row: Math.min(Math.max(now.row + step[0], 0), plate.rows - 1),
          col: Math.min(Math.max(now.col + step[1], 0), plate.cols - 1),
        });
      } else return;
      e.preventDefault();
      e.stopPropagation(); // the page's own keys step the run
    });
  }

  return {
    /** @param {string} name @returns {Drawn} */
    get(name) {
      const old = drawn.get(name);
      if (old) return old;
      const canvas = /** @type {HTMLCanvasElement} */ (
        el("canvas", [], { tabindex: "0", role: "img", "aria-describedby": "readout" })
      );
      const [cursor, sym, shape] = [
        el("div", [], { class: "cursor" }),
        el("b", [], { class: "sym" }),
        el("span", [], { class: "shape" }),
      ];
      const box = el("figure", [el("figcaption", [sym, " ", shape]), canvas, cursor], {
        class: "plate",
        "data-plate": name,
      });
      field.insertBefore(box, marks);
      listen(name, canvas);
      const made = { box, canvas, cursor, name: sym, shape };
      drawn.set(name, made);
      return made;
    },
    /** Shows these and no others. @param {string[]} names */
    only(names) {
      for (const [name, d] of drawn) d.box.hidden = !names.includes(name);
    },
  };
}
