// The stage: one head of one layer, from Q, K and V to its output.

import { onKey } from "../../ui/keys.js";
import { stage as geometry } from "./layout.js";
import { paint, largest } from "../../ui/matrix.js";
import { axes } from "../../ui/axes.js";
import { guesses, onStage } from "../../facts/token-names.js";
import { cell as shortNumber } from "../../format.js";
import { watchWidth } from "../../ui/width.js";
import { marked, marks, roomy } from "../../ui/marks.js";
import { evicts, opReadout, readout } from "../../facts/readout.js";
import { EVICTED, untold } from "../../wire/triangle.js";
import { caption, line } from "./captions.js";
import { cacheless } from "../../facts/lanes.js";
import { sharers } from "../../facts/heads.js";
import { place } from "../../ui/dom.js";
import { hit, tensorCell } from "../../ui/plate.js";

/** @import { Cell, Frame, Grid, Host, Panel, Plate, State, T, Tensor, Theme } from "../../types.js" */

const NARROWEST = 280; // pixels; a narrower window scrolls the stage
const OPS = /** @type {const} */ (["Q", "K", "scores", "probs", "V", "out"]);

/** @type {Panel} */
export const panel = { id: "stage", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const field = /** @type {HTMLElement} */ (root.querySelector("[data-field]"));
  const back = /** @type {HTMLCanvasElement} */ (root.querySelector("[data-axes]"));
  const front = /** @type {HTMLCanvasElement} */ (root.querySelector("[data-marks]"));
  const empty = /** @type {HTMLElement} */ (root.querySelector("[data-empty]"));
  /**
   * @type {Record<string, {box: HTMLElement, canvas: HTMLCanvasElement, cursor: HTMLElement, caption: HTMLElement}>}
   */
  const parts = {};
  for (const op of OPS) {
    const box = /** @type {HTMLElement} */ (root.querySelector(`[data-op="${op}"]`));
    parts[op] = {
      box,
      canvas: /** @type {HTMLCanvasElement} */ (box.querySelector("canvas")),
      cursor: /** @type {HTMLElement} */ (box.querySelector(".cursor")),
      caption: /** @type {HTMLElement} */ (box.querySelector(".shape")),
    };
    listen(op);
  }
  const width = watchWidth(/** @type {HTMLElement} */ (root.querySelector(".scroll")), act.repaint);
  let drawn = ""; // what the axes show
  let last = /** @type {State|null} */ (null);
  let ahead = false; // is the first step being prepared?
  /** @type {ReturnType<typeof geometry>|null} */
  let layout = null;
  /** @type {Cell|null} the cell under the cursor, in tensor coordinates */
  let here = null;

  /** @param {string} op */
  function listen(op) {
    const { canvas } = parts[op];
    canvas.addEventListener("pointermove", (e) => {
      // A resting pointer "moves" when the page scrolls under it; the keyboard's cell must not jump there.
      if (layout && (e.movementX || e.movementY)) go(op, hit(layout.plates[op], e.offsetX, e.offsetY));
    });
    canvas.addEventListener("click", (e) => {
      if (!layout) return;
      go(op, hit(layout.plates[op], e.offsetX, e.offsetY));
      if (here?.op === op) act.explainCell(here);
    });
    onKey(canvas, (key, e) => {
      if (key === "Enter" && here?.op === op) act.explainCell(here, true);
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[key];
      if (!step || !layout) return;
      e.preventDefault();
      e.stopPropagation(); // the page's own keys step the run
      const p = layout.plates[op];
      const now = here?.op === op ? tensorCell(op, here) : { row: 0, col: -1 };
      go(op, { row: clampTo(now.row + step[0], p.rows), col: clampTo(now.col + step[1], p.cols) });
    });
    canvas.addEventListener("focus", () => here?.op !== op && go(op, { row: 0, col: 0 }));
  }

  /** @param {string} op @param {{row: number, col: number}|null} at cell of the plate */
  function go(op, at) {
    if (!at) return;
    const to = { op, ...tensorCell(op, at) };
    if (here && here.op === op && here.row === to.row && here.col === to.col) return;
    here = to;
    act.pickCell(here);
  }

  /**
   * The geometry of a pass, and what surrounds its matrices, drawn when it is another.
   * @param {State} state @param {Frame} frame @param {{m: number, t: number, hd: number}} size
   */
  function surround({ lang, theme, t }, frame, size) {
    const made = geometry({ width: Math.max(width(), NARROWEST), ...size });
    const around = [
      lang,
      width(),
      size.m,
      size.t,
      onStage(frame).slice(0, size.t).join(),
      theme.font,
      theme.colors.ink,
    ].join();
    if (around !== drawn) axes(back, made, frame, theme, { cached: t("legend.cached"), fresh: fresh(frame, t) });
    drawn = around;
    return made;
  }

  /**
   * @param {string} op
   * @param {Plate} plate
   * @param {Grid} grid
   * @param {Theme} theme
   */
  const picture = (op, plate, grid, theme) =>
    paint(parts[op].canvas, plate, grid, grid.signed ? theme.diverging : theme.sequential, {
      hatch: theme.colors.hatch,
      line: theme.colors.surface,
    });

  /**
   * Before the first step all of the stage is known but its numbers. It is drawn
   * while nothing else is to be done, out of sight: the first time takes a browser
   * three times as long as the next, and a step is then as short as the others.
   */
  function prepare() {
    const { frame, theme } = last ?? {};
    if (!last || !frame || !theme || drawn) return; // the step was faster
    const { prompt_tokens: m, config } = frame.meta.run;
    const made = surround(
      last,
      { ...frame, meta: { ...frame.meta, pick_step: { cached: 0, rows: m, pass: 0, phase: "prefill" } } },
      { m, t: m, hd: config.head_dim },
    );
    for (const op of OPS) {
      const plate = made.plates[op];
      const signed = op !== "probs"; // and all below zero, which is the most to draw
      const pairs = op === "probs" || op === "scores";
      picture(
        op,
        plate,
        {
          rows: plate.rows,
          cols: plate.cols,
          signed,
          at: () => (signed ? -1 : 0),
          max: 1,
          masked: pairs ? (r, c) => c > r : undefined,
        },
        theme,
      );
    }
    marks(front, made, { cell: null, reads: [] }, theme);
  }

  /** @param {State} state */
  function view(state) {
    last = state;
    const frame = state.frame;
    const t = state.t;
    if (frame?.meta.pick.op) return; // the panel inside draws one op
    const { scores, Q } = frame?.tensors ?? {};
    if (!frame || !scores || !Q) {
      field.hidden = true;
      empty.hidden = cacheless(frame) && !!frame?.meta.step; // the panel cacheless says why
      empty.textContent = frame
        ? t(frame.meta.step ? "stage.not_yet" : "stage.press", { Layer: frame.meta.pick.layer })
        : t(state.held?.waits ? "held.nothing" : state.loading ? "loading.then" : "stage.waiting");
      if (frame && !ahead) (globalThis.requestIdleCallback ?? setTimeout)(prepare);
      ahead ||= !!frame;
      return;
    }
    const [m, positions] = scores.shape;
    layout = surround(state, frame, { m, t: positions, hd: Q.shape[1] });
    /** @type {[Plate, (row: number, col: number) => string][]} */
    const written = [];
    /** @type {Record<string, Grid>} */
    const grids = {};
    for (const op of OPS) {
      const plate = layout.plates[op];
      const tensor = frame.tensors[op] ?? Q; // of the attention all are there
      const signed = op !== "probs";
      grids[op] = {
        rows: plate.rows,
        cols: plate.cols,
        signed,
        at: cells(tensor, op),
        max: signed ? largest(tensor.data) : 1,
        ...hidden(frame, op, m, positions),
      };
      picture(op, plate, grids[op], state.theme);
      if (roomy(plate)) written.push([plate, (r, c) => (untold(tensor, r, c) ? "" : shortNumber(grids[op].at(r, c)))]);
    }
    marks(front, layout, marked(frame, Object.values(layout.plates)), state.theme, written);
    // The page changes after the pictures: writing on a canvas would make the browser style it in between.
    empty.hidden = true;
    field.hidden = false;
    field.style.setProperty("height", `${layout.height}px`);
    for (const op of OPS) {
      const plate = layout.plates[op];
      place(parts[op].box, plate);
      const size = `${plate.rows} × ${plate.cols}`; // as it is drawn
      const range = `±${shortNumber(grids[op].max)}`; // what the ends of the ramp stand for
      const said = caption(op, plate, grids[op].signed ? [`${size} · ${range}`, range] : [size], state.theme.em);
      const shared = op === "K" ? sharers(frame) : [];
      parts[op].caption.textContent = said.text;
      if (shared.length)
        parts[op].caption.append(
          line(t("stage.shared", { KV: frame.meta.pick.kv_head })),
          line(t("stage.sharers", { Heads: shared })),
        );
      parts[op].box.classList.toggle("right", said.wide); // else it would leave the panel
      const [rows, cols] = frame.tensors[op]?.shape ?? [];
      parts[op].canvas.setAttribute("aria-label", t(`op.${op}.long`, { Rows: rows, Cols: cols }));
      cursor(parts[op].cursor, plate, op, state.cell);
    }
  }
  return view;
}

/**
 * What is hatched: pairs that are not seen, and what of them the cache had evicted;
 * of K and V the rows that the newest query does not find any more.
 * @param {Frame} frame @param {string} op @param {number} m @param {number} positions
 * @returns {{masked?: (r: number, c: number) => boolean, gone?: (r: number, c: number) => boolean}}
 */
function hidden(frame, op, m, positions) {
  const mask = frame.tensors.mask?.data ?? [];
  const gone = (/** @type {number} */ r, /** @type {number} */ c) => mask[r * positions + c] === EVICTED;
  const last = (/** @type {number} */ p) => gone(m - 1, p);
  switch (evicts(frame) && op) {
    case "K":
      return { masked: (_, c) => last(c), gone: (_, c) => last(c) };
    case "V":
      return { masked: last, gone: last };
  }
  if (op !== "scores" && op !== "probs") return {};
  return { masked: (r, c) => mask[r * positions + c] !== 1, gone: evicts(frame) ? gone : undefined };
}

/** @param {number} x @param {number} n */
const clampTo = (x, n) => Math.min(Math.max(x, 0), n - 1);

/** What the new rows are. @param {Frame} frame @param {T} t */
function fresh(frame, t) {
  const proposed = guesses(frame).length;
  return proposed
    ? t("legend.new_proposed", { Fed: (frame.meta.pick_step?.rows ?? 0) - proposed, Proposed: proposed })
    : t("legend.new");
}

/** @param {Tensor} tensor @param {string} op @returns {(r: number, c: number) => number} */
function cells(tensor, op) {
  const cols = tensor.shape[1];
  return op === "K" ? (r, c) => tensor.data[c * cols + r] : (r, c) => tensor.data[r * cols + c];
}

/** @param {HTMLElement} el @param {Plate} plate @param {string} op @param {Cell|null} picked */
function cursor(el, plate, op, picked) {
  const at = picked?.op === op ? tensorCell(op, picked) : null;
  el.hidden = !at || at.row >= plate.rows || at.col >= plate.cols;
  if (!at || el.hidden) return;
  const w = plate.w / plate.cols;
  const h = plate.h / plate.rows;
  place(el, { x: at.col * w, y: at.row * h, w, h });
}
