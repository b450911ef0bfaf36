// One op of a layer: its inputs, and what it makes of them.

import { say, withTerms } from "../../ui/terms.js";
import { plan } from "./plan.js";
import { createPlates } from "./op-figures.js";
import { paint } from "../../ui/matrix.js";
import { largest } from "../../scale/linear.js";
import { marked, marks, roomy } from "../../ui/marks.js";
import { around } from "./op-axes.js";
import { evicts, learned, tensorOf } from "../../facts/readout.js";
import { EVICTED, HEAD, PAIRS, untold } from "../../wire/triangle.js";
import { cell as shortNumber } from "../../format.js";
import { watchWidth } from "../../ui/width.js";
import { likeliest, tags } from "./tags.js";
import { SHARES } from "../../facts/patterns.js";
import { cacheless } from "../../facts/lanes.js";
import { sharers } from "../../facts/heads.js";
import { parts, place, write } from "../../ui/dom.js";
import { toPlate } from "../../ui/plate.js";
import { opName } from "../../facts/matrices.js";

/** @import { Cell, Frame, Host, Input, Op, Panel, Plate, State, T, Tensor, Theme } from "../../types.js" */
/** @import { Plan } from "./plan.js" */

/** Ops that each K/V head has, and not each head. */
const OF_KV = new Set(["k", "v", "k_rope", "K", "V"]);
/** Ops that are the cache, where there is one. */
const KEPT = new Set(["K", "V"]);
const TABLES = new Set(["cos", "sin"]);
const NARROWEST = 280; // pixels; a narrower window scrolls
const MARGIN = 34; // pixels of the panel around the field
const CAPTION = 190; // pixels that a name takes

const ofHead = (/** @type {Element} */ chip) => /** @type {HTMLElement} */ (chip).dataset.part === "head";

/** @type {Panel} */
export const panel = { id: "inside", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act, weights: source }) {
  const part = parts(root);
  const canvas = (/** @type {string} */ name) => /** @type {HTMLCanvasElement} */ (part(name));
  const heading = /** @type {HTMLElement} */ (document.querySelector("#stage-title span"));
  const stage = /** @type {HTMLElement} */ (document.getElementById("stage"));
  const width = watchWidth(/** @type {HTMLElement} */ (root.parentElement), act.repaint);
  let alone = false; // is it the lane without a cache that is drawn?
  let arrived = 0; // weight matrices that have come, or been refused
  let lacks = /** @type {string[]} */ ([]); // of the picture, and why
  const weights = source(() => (arrived++, act.repaint()));
  /** @type {Plan|null} */
  let layout = null;
  let drawn = /** @type {unknown[]} */ ([]); // what the picture was drawn from
  const plates = createPlates(
    part("field"),
    part("marks"),
    (name) => {
      return layout?.plates.find((p) => p.name === name) ?? null;
    },
    act,
    () => (alone ? { lane: "uncached" } : {}),
  );

  /** @param {State} state */
  return function view(state) {
    const { frame, t, theme } = state;
    const op = frame?.meta.pick.op ?? "";
    root.hidden = !op;
    const head = HEAD.has(op);
    heading.textContent = !op
      ? t("stage.title")
      : head
        ? t("inside.head")
        : t("inside.title", { Layer: frame?.meta.pick.layer ?? 0 });
    stage.hidden = !!op;
    if (!frame || !op) return;
    alone = cacheless(frame);
    const peers = [...document.querySelectorAll("#ops [data-part]")].filter(
      (c) => ofHead(c) === head && !(/** @type {HTMLElement} */ (c).hidden),
    );
    const words = withTerms(t);
    const said = words("ops.at", {
      Name: opName({ op, ...(alone && { lane: "uncached" }) }, t),
      N: 1 + peers.findIndex((c) => /** @type {HTMLElement} */ (c).dataset.look === op),
      Count: peers.length,
      Say: words(alone && KEPT.has(op) ? "explain.copy.row" : "ops.say." + op),
    });
    say(part("say"), said);
    const info = frame.meta.op;
    part("field").hidden = !info;
    const high = info ? root.clientHeight - (part("field").offsetTop - root.offsetTop) : 0;
    part("empty").hidden = !!info || (cacheless(frame) && !!frame.meta.step); // the panel cacheless says why
    if (!info) {
      part("lacks").hidden = true;
      const { scope, pick } = frame.meta; // a handout may not hold every op
      part("empty").textContent =
        scope && pick.from !== null
          ? t("scope.op", { From: scope.ops[0], To: scope.ops[1] })
          : t(head ? "ops.not_yet" : frame.meta.step ? "stage.not_yet" : "stage.press", {
              Layer: frame.meta.pick.layer,
            });
      return;
    }
    const now = [frame, t, theme, width(), high, arrived];
    if (now.some((x, i) => x !== drawn[i])) {
      lacks = [];
      picture(frame, t, theme, info, high);
      const says = lacks.join(" ");
      part("lacks").hidden = !says;
      write(part("lacks"), says);
    }
    drawn = now;
    for (const p of layout?.plates ?? []) cursor(p, state.cell);
  };

  /** @param {Frame} frame @param {T} t @param {Theme} theme @param {Op} info @param {number} height in sight */
  function picture(frame, t, theme, info, height) {
    const made = tensorOf(frame, info.id);
    const from = frame.meta.pick_step;
    if (!made || !from) return;
    const { rows: m, cached } = from;
    const [rows, cols] = made.shape;
    layout = plan({
      width: Math.max(width() - MARGIN, NARROWEST),
      height,
      op: info.id,
      kind: info.kind,
      inputs: info.inputs,
      out: { op: info.id, rows, cols },
      m,
      positions: cached + m,
      head: frame.meta.pick.head,
    });
    part("field").style.setProperty("height", `${layout.height}px`);
    around(canvas("axes"), layout, frame, theme);
    plates.only(layout.plates.map((p) => p.name));
    /** @type {[Plate, (row: number, col: number) => string][]} */
    const written = [];
    for (const p of layout.plates) {
      const grid = draw(
        p,
        frame,
        t,
        theme,
        info.inputs.find((x) => x.op === p.name && learned(p.name)),
      );
      if (grid && roomy(p)) written.push([p, (r, c) => (grid.untold?.(r, c) ? "" : shortNumber(grid.at(r, c)))]);
    }
    marks(canvas("marks"), layout, marked(frame, layout.plates), theme, written);
    tags(canvas("marks"), layout.plates[layout.plates.length - 1], likeliest(frame), theme);
  }

  /**
   * Paints one matrix, and says what it is; null while its numbers are on their way.
   * @param {Plate} p
   * @param {Frame} frame
   * @param {T} t
   * @param {Theme} theme
   * @param {Input|undefined} input if it is learned
   */
  function draw(p, frame, t, theme, input) {
    const d = plates.get(p.name);
    place(d.box, p);
    const weight = input?.weight ? weights(frame.meta.run.model, frame.meta.pick.layer, p.name) : null;
    const tensor = weight ? weight.tensor : tensorOf(frame, p.name);
    const Name = opName({ op: p.name, ...(alone && { lane: "uncached" }) }, t);
    if (weight?.large) lacks.push(t("inside.large", { Name }));
    if (weight?.refused) {
      const { problem, args } = weight.refused;
      lacks.push(t("inside.refused", { Name, Why: t("problem." + problem, args ?? {}) }));
      if (weight.soon) lacks.push(t("inside.again"));
    }
    const [rows, cols] = input ? [input.rows, input.cols] : (tensor?.shape ?? []);
    const grid =
      tensor && gridOf(p, frame, tensor.data.subarray((p.skip?.row ?? 0) * cols + (p.skip?.col ?? 0)), rows, cols);
    d.box.classList.toggle("waiting", !tensor);
    d.box.classList.toggle("weight", learned(p.name));
    // else its caption would leave the panel
    d.box.classList.toggle("right", p.w < CAPTION && p.x + CAPTION > width() - MARGIN);
    const phone = !!layout && layout.label < 84; // there is room for a symbol only
    d.name.textContent =
      (phone && !learned(p.name) && !TABLES.has(p.name) ? t("sym." + p.name) : Name) + (p.transposed ? " ᵀ" : "");
    const size = p.fold ? `${rows} × ${cols}` : `${p.rows} × ${p.cols}`; // as it is drawn
    const range = grid?.signed ? `±${shortNumber(grid.max)}` : ""; // what the ends of the ramp stand for
    const shared = OF_KV.has(p.name) && !phone ? sharers(frame) : [];
    const says = [
      phone && range ? "" : size,
      range,
      p.fold && !phone ? t("inside.folded", { Cols: p.cols }) : "",
      shared.length ? t("inside.shared", { KV: frame.meta.pick.kv_head, Heads: shared }) : "",
    ];
    d.shape.textContent = says.filter(Boolean).join(" · ");
    d.canvas.setAttribute("aria-label", t("inside.plate", { Name, Rows: rows, Cols: cols }));
    if (grid)
      paint(d.canvas, p, grid, grid.signed ? theme.diverging : theme.sequential, {
        hatch: theme.colors.hatch,
        line: theme.colors.surface,
      });
    return grid;
  }

  /** @param {Plate} p @param {Cell|null} cell */
  function cursor(p, cell) {
    const { cursor } = plates.get(p.name);
    const at = cell?.op === p.name ? toPlate(p, cell.row, cell.col) : null;
    cursor.hidden = !at || at.row < 0 || at.col < 0 || at.row >= p.rows || at.col >= p.cols;
    if (at && !cursor.hidden)
      place(cursor, { x: (at.col * p.w) / p.cols, y: (at.row * p.h) / p.rows, w: p.w / p.cols, h: p.h / p.rows });
  }
}

/**
 * The number in a cell of a plate, as toTensor finds it, but fast: a matrix has
 * tens of thousands.
 * @param {Plate} p @param {ArrayLike<number>} data @param {number} cols
 * @returns {(row: number, col: number) => number}
 */
function reader(p, data, cols) {
  const { fold } = p;
  if (fold) return (r, c) => data[r * fold + c] ?? 0; // the last row may not be full
  return p.transposed ? (r, c) => data[c * cols + r] : (r, c) => data[r * cols + c];
}

/**
 * @param {Plate} p
 * @param {Frame} frame
 * @param {Tensor["data"]} data
 * @param {number} rows
 * @param {number} cols
 */
function gridOf(p, frame, data, rows, cols) {
  const { mask } = frame.tensors;
  const signed = !SHARES.has(p.name);
  const pairs = mask && p.cols === mask.shape[1] && PAIRS.has(p.name);
  const tensor = pairs && tensorOf(frame, p.name);
  return {
    rows: p.rows,
    cols: p.cols,
    signed,
    max: signed ? largest(data.subarray(0, rows * cols)) : p.name === "mask" ? 2.5 : 1,
    at: reader(p, data, cols),
    masked: pairs ? (/** @type {number} */ r, /** @type {number} */ c) => mask.data[r * p.cols + c] !== 1 : undefined,
    gone:
      pairs && evicts(frame)
        ? (/** @type {number} */ r, /** @type {number} */ c) => mask.data[r * p.cols + c] === EVICTED
        : undefined,
    untold: tensor ? (/** @type {number} */ r, /** @type {number} */ c) => untold(tensor, r, c) : undefined,
  };
}
