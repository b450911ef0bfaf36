// The stage: one head of one layer, from Q, K and V to its output, in both lanes.

import { around } from "./around.js";
import { listen } from "./cells.js";
import { says, written as caption } from "./captions.js";
import { stage as geometry } from "./layout.js";
import { OPS, again, gridsOf, lanesOf, numbersOf, plateName, toCell, toPlate } from "../../facts/matrices.js";
import { paint } from "../../ui/matrix.js";
import { cell as shortNumber } from "../../format.js";
import { watchSize } from "../../ui/width.js";
import { guessed, marked, marks, roomy } from "../../ui/marks.js";
import { untold } from "../../wire/triangle.js";
import { cacheless } from "../../facts/lanes.js";
import { onStage } from "../../facts/token-names.js";
import { place, put } from "../../ui/dom.js";

/** @import { Cell, Frame, Grid, Host, LaneName, Panel, PickStep, Plate, State, Theme } from "../../types.js" */
/** @import { Drawn } from "../../facts/matrices.js" */

const LANES = /** @type {const} */ (["uncached", "cached"]);

/** @type {Panel} */
export const panel = { id: "stage", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const field = /** @type {HTMLElement} */ (root.querySelector("[data-field]"));
  const back = /** @type {HTMLCanvasElement} */ (root.querySelector("[data-axes]"));
  const front = /** @type {HTMLCanvasElement} */ (root.querySelector("[data-marks]"));
  const empty = /** @type {HTMLElement} */ (root.querySelector("[data-empty]"));
  const parts = new Map(
    LANES.flatMap((lane) => OPS.map((op) => /** @type {const} */ ([plateName(lane, op), partOf(root, lane, op)]))),
  );
  const notes = LANES.map((lane) => /** @type {HTMLElement} */ (root.querySelector(`[data-note="${lane}"]`)));
  const size = watchSize(root, act.repaint);
  let drawn = ""; // what the axes show
  let last = /** @type {State|null} */ (null);
  let ahead = false; // is the first step being prepared?
  /** @type {ReturnType<typeof geometry>|null} */
  let layout = null;
  let lanes = /** @type {Drawn[]} */ ([]);
  /** @type {Cell|null} the cell under the cursor, in tensor coordinates */
  let here = null;

  const laneOf = (/** @type {string} */ name) => lanes.find((l) => l.lane === parts.get(name)?.lane);
  const at = (/** @type {string} */ name) => {
    const lane = laneOf(name);
    return lane ? toPlate(lane, parts.get(name)?.op ?? "", here) : null;
  };
  const stop = listen(new Map([...parts].map(([name, p]) => [name, p.canvas])), {
    plate: (name) => layout?.plates[name],
    plates: () => Object.values(layout?.plates ?? {}),
    at,
    point(name, to) {
      const lane = laneOf(name);
      const now = at(name);
      if (!lane?.told || (now && now.row === to.row && now.col === to.col)) return;
      here = toCell(lane, parts.get(name)?.op ?? "", to);
      act.pickCell(here);
    },
    explain: (name, focus) => {
      if (!here) return;
      if (last?.guess?.open) act.guess(here);
      else if (laneOf(name)?.told) act.explainCell(here, focus);
    },
  });

  /**
   * The geometry of a pass, and what surrounds its matrices, drawn when it is another.
   * @param {State} state @param {Frame} frame @param {Drawn[]} lanes
   */
  function surround({ lang, theme, t }, frame, lanes) {
    const kept = lanes.find((l) => l.lane === "cached");
    const full = lanes.find((l) => l.lane === "uncached");
    const { width, height } = size();
    const made = geometry({
      width,
      height,
      em: theme.em,
      m: kept?.rows ?? 0,
      t: kept?.columns ?? full?.columns ?? 0,
      rows: full?.rows ?? 0,
      columns: full?.columns ?? 0,
      hd: frame.meta.run.config.head_dim,
      lanes: lanes.map((l) => l.lane),
    });
    const differs = frame.meta.without?.differs;
    const now = JSON.stringify([lang, width, height, lanes, onStage(frame), theme.font, theme.colors.ink, differs]);
    if (now !== drawn) around(back, made, lanes, frame, theme, t);
    drawn = now;
    return made;
  }

  /** @param {Drawn} lane @param {string} op @param {Plate} plate @param {Grid} grid @param {Theme} theme */
  function picture(lane, op, plate, grid, theme) {
    const ramp = grid.signed && lane.told ? theme.diverging : theme.sequential;
    const canvas = /** @type {NonNullable<ReturnType<typeof parts.get>>} */ (parts.get(plate.name)).canvas;
    paint(canvas, plate, { ...grid, again: again(lane, op) }, ramp, {
      hatch: theme.colors.hatch,
      line: theme.colors.surface,
      again: theme.colors.uncached,
    });
  }

  /**
   * Before the first step all of the stage is known but its numbers. It is drawn
   * while nothing else is to be done, out of sight: the first time takes a browser
   * three times as long as the next, and a step is then as short as the others.
   */
  function prepare() {
    const { frame, theme } = last ?? {};
    if (!last || !frame || !theme || drawn) return; // the step was faster
    const { prompt_tokens: m, recipe } = frame.meta.run;
    const coming = LANES.filter((lane) => recipe.lanes === lane || !LANES.some((l) => l === recipe.lanes)).map(
      (lane) => ({ lane, rows: m, cached: 0, columns: m, shown: null, told: false }),
    );
    const step = /** @type {PickStep} */ ({ cached: 0, rows: m, pass: 0, phase: "prefill" });
    const then = { ...frame, meta: { ...frame.meta, pick_step: step } };
    [lanes, layout] = [coming, surround(last, then, coming)];
    const grids = new Map();
    for (const lane of coming)
      for (const op of OPS) {
        const plate = layout.plates[plateName(lane.lane, op)];
        const grid = { ...plate, signed: true, at: () => -1, max: 1 };
        picture(lane, op, plate, grid, theme);
        grids.set(plate.name, grid);
      }
    marks(front, layout, { cell: null, reads: [], guesses: [] }, theme);
    arrange({ ...last, frame: then, cell: null }, then, layout, grids);
    field.classList.add("ahead");
    field.hidden = false;
  }

  /** @param {State} state */
  function view(state) {
    last = state;
    const { frame, t, theme } = state;
    if (frame?.meta.pick.op) return; // the panel inside draws one op
    lanes = frame ? lanesOf(frame) : [];
    if (!frame || !lanes.length) {
      field.hidden = true;
      empty.hidden = cacheless(frame) && !!frame?.meta.step; // the panel cacheless says why
      empty.textContent = frame
        ? t(frame.meta.step ? "stage.not_yet" : first(frame), { Layer: frame.meta.pick.layer })
        : t(state.held?.waits ? "held.nothing" : state.loading ? "loading.then" : "stage.waiting");
      if (field.classList.contains("ahead")) return void (field.hidden = !frame);
      if (frame && !ahead) (globalThis.requestIdleCallback ?? setTimeout)(prepare);
      ahead ||= !!frame;
      return;
    }
    layout = surround(state, frame, lanes);
    const grids = draw(layout, state, frame);
    // The page changes after the pictures: writing on a canvas would make the browser style it in between.
    empty.hidden = true;
    field.hidden = false;
    field.classList.remove("ahead");
    arrange(state, frame, layout, grids);
  }

  /**
   * Where everything stands, and what is said of it.
   * @param {State} state @param {Frame} frame @param {ReturnType<typeof geometry>} layout
   * @param {Map<string, Grid>} grids
   */
  function arrange({ t, theme, cell }, frame, layout, grids) {
    for (const [name, part] of parts) {
      const plate = layout.plates[name];
      const grid = grids.get(name);
      part.box.hidden = !plate || !grid;
      if (!plate || !grid) continue;
      place(part.box, plate);
      const room = {
        told: !!laneOf(name)?.told,
        em: theme.em,
        role: part.role(),
        corner: layout.corner,
        gap: layout.gap,
      };
      const whole = laneOf(name)?.shown ? frame.meta.without?.rows : undefined; // only some are drawn
      const said = caption(part.op, plate, grid, room, whole);
      part.caption.textContent = said.size;
      part.box.classList.toggle("short", !said.full);
      const words = t(`op.${part.op}.long`, label(part.op, plate));
      put(part.canvas, "aria-label", `${t("stage.lane." + part.lane)}. ${words}`);
      cursor(part.cursor, plate, laneOf(name), part.op, cell);
    }
    if (![...parts.values()].some((p) => p.canvas.tabIndex === 0 && !p.box.hidden))
      stop(plateName(lanes[lanes.length - 1].lane, "Q"));
    LANES.forEach((lane, i) =>
      says(
        notes[i],
        lanes.find((l) => l.lane === lane),
        layout,
        frame,
        t,
      ),
    );
  }

  /** @param {ReturnType<typeof geometry>} layout @param {State} state @param {Frame} frame */
  function draw(layout, { theme, guess }, frame) {
    /** @type {[Plate, (row: number, col: number) => string][]} */
    const written = [];
    /** @type {Map<string, Grid>} */
    const grids = new Map();
    for (const op of OPS) {
      const made = gridsOf(frame, lanes, op);
      lanes.forEach((lane, i) => {
        const plate = layout.plates[plateName(lane.lane, op)];
        const grid = made[i];
        const tensor = numbersOf(frame, lane.lane, op);
        grids.set(plate.name, grid);
        picture(lane, op, plate, grid, theme);
        if (!tensor || !roomy(plate)) return;
        const hides = (/** @type {number} */ r, /** @type {number} */ c) => op !== "K" && untold(tensor, r, c);
        written.push([plate, (r, c) => (hides(r, c) ? "" : shortNumber(grid.at(r, c)))]);
      });
    }
    const plates = Object.values(layout.plates);
    marks(front, layout, { ...marked(frame, plates), guesses: guessed(guess, plates) }, theme, written);
    return grids;
  }
  return view;
}

/** What is said before the first step. @param {Frame} frame */
const first = ({ meta: { run } }) => (run.recipe.lanes === "both" ? "stage.start" : "stage.press");

/** What a matrix is made of on the page. @param {HTMLElement} root @param {LaneName} lane @param {string} op */
function partOf(root, lane, op) {
  const box = /** @type {HTMLElement} */ (root.querySelector(`[data-op="${op}"][data-lane="${lane}"]`));
  return {
    lane,
    op,
    box,
    canvas: /** @type {HTMLCanvasElement} */ (box.querySelector("canvas")),
    cursor: /** @type {HTMLElement} */ (box.querySelector(".cursor")),
    caption: /** @type {HTMLElement} */ (box.querySelector(".shape")),
    role: () => box.querySelector(".role")?.textContent?.length ?? 0,
  };
}

/** @param {string} op @param {Plate} p */
const label = (op, p) => (op === "K" ? { Rows: p.cols, Cols: p.rows } : { Rows: p.rows, Cols: p.cols });

/**
 * @param {HTMLElement} el @param {Plate} plate @param {Drawn|undefined} lane @param {string} op
 * @param {Cell|null} picked
 */
function cursor(el, plate, lane, op, picked) {
  const at = lane ? toPlate(lane, op, picked) : null;
  el.hidden = !at || at.row >= plate.rows || at.col >= plate.cols;
  if (!at || el.hidden) return;
  const w = plate.w / plate.cols;
  const h = plate.h / plate.rows;
  place(el, { x: at.col * w, y: at.row * h, w, h });
}
