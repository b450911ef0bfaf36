// What is said beside the matrices of the stage, where there is room.

import { place } from "../../ui/dom.js";
import { cell as shortNumber } from "../../format.js";
import { sharers } from "../../facts/heads.js";
import { metOf } from "../../facts/policy.js";

/** @import { Frame, Grid, Plate, T } from "../../types.js" */
/** @import { Drawn } from "../../facts/matrices.js" */

// widths in em of the formulas over the matrices, and of the question marks beside Q and probs
const FORMULA = /** @type {Record<string, number>} */ ({ Q: 3.9, scores: 5.7, probs: 9.3, out: 4.7 });
const LETTER = 1.4; // of each without what follows its letter

/**
 * What is written beside the letter of a matrix, as far as there is room: the rest of its formula, its size, what
 * the ends of its ramp stand for.
 * @param {string} op @param {Plate} plate @param {Grid} grid
 * @param {{told: boolean, em: number, role: number, corner: number, gap: number}} room are there numbers; pixels;
 *   letters of what the matrix does; pixels between K^T and V, which have their words there, and between others
 * @param {number} [whole] positions that the matrix has, where not all are drawn
 * @returns {{full: boolean, size: string}}
 */
export function written(op, plate, grid, { told, em, role, corner, gap }, whole) {
  const keys = op === "scores" || op === "probs" || op === "K";
  const rows = op === "K" ? plate.rows : (whole ?? plate.rows);
  const size = `${rows} × ${keys ? (whole ?? plate.cols) : plate.cols}`;
  if (!FORMULA[op]) return { full: plate.h > 2.1 * em || corner > 15 * em, size: corner > 15 * em ? size : "" };
  const room = plate.w + gap - 14;
  const takes = (/** @type {string} */ s) => em * (FORMULA[op] + 0.5 + 0.42 * (s.length + role));
  const texts = grid.signed && told ? [`${size} · ±${shortNumber(grid.max)}`, size] : [size];
  const full = em * FORMULA[op] <= room;
  const short = op === "Q" ? takes(size) <= room : em * (LETTER + 0.5 + 0.42 * size.length) <= room;
  return { full, size: (full ? texts.find((s) => takes(s) <= room) : short ? size : "") ?? "" };
}

/**
 * What a lane does in this step, over or under its Q.
 * @param {HTMLElement} note
 * @param {Drawn|undefined} lane @param {ReturnType<typeof import("./layout.js").stage>} layout
 * @param {Frame} frame @param {T} t
 */
export function says(note, lane, layout, frame, t) {
  const box = lane && layout.notes[lane.lane];
  note.hidden = !box;
  if (!box) return;
  place(note, box);
  const [name, does] = note.children;
  name.textContent = t((layout.narrow ? "lane." : "stage.lane.") + lane.lane);
  does.textContent = doing(lane, frame, t, layout.narrow);
}

/** @param {Drawn} lane @param {Frame} frame @param {T} t @param {boolean} narrow the bars say as much */
function doing(lane, frame, t, narrow) {
  const { without, pick_step: from, pick, step } = frame.meta;
  const words = [];
  if (lane.lane === "uncached") {
    const rows = without?.rows ?? lane.rows;
    const again = without?.cached ?? 0;
    words.push(t(again ? "stage.does.again" : "stage.does.new", { Rows: rows, Again: again }));
    if (without?.source === "none") words.push(t("stage.does.counted"));
    else if (lane.shown) words.push(t("stage.does.shown", { Shown: lane.rows, Rows: rows }));
  } else {
    const kept = from ? metOf(frame.meta.run, from).kept : 0;
    const shared = sharers(frame);
    words.push(t(kept ? "stage.does.kept" : "stage.does.new", { Rows: lane.rows, Kept: kept }));
    if (!kept && without?.source === "same" && !narrow) words.push(t("stage.does.same"));
    if (shared.length && !narrow) words.push(t("stage.does.shared", { KV: pick.kv_head, Heads: shared }));
  }
  const says = words.join(" ");
  return from && step && from.pass < step.pass ? t("stage.does.then", { Pass: from.pass, Says: says }) : says;
}
