// One op of a layer: its inputs, and what it makes of them.

import { plan, toPlate, toTensor } from "./plan.js";
import { paint } from "./matrix.js";
import { marked, marks, roomy } from "./marks.js";
import { around } from "./sides.js";
import { hit } from "./layout.js";
import { largest, place } from "./stage.js";
import { PAIRS, tensorOf } from "./readout.js";
import { cell as shortNumber } from "./format.js";
import { watchWidth } from "./width.js";
import { createWeights } from "../wire/weights.js";
import { el } from "./terms.js";

/** Ops after the last layer. */
const HEAD = new Set(["norm3", "logits"]);
const tables = new Set(["cos", "sin"]);
const ofHead = (/** @type {Element} */ chip) => /** @type {HTMLElement} */ (chip).dataset.part === "head";
const NARROWEST = 280; // pixels; a narrower window scrolls

/** @typedef {{box: HTMLElement, canvas: HTMLCanvasElement, cursor: HTMLElement, name: HTMLElement, shape: HTMLElement}} Drawn */

/**
 * @param {HTMLElement} root
 * @param {{pickCell: (cell: any) => void, explainCell: (cell: any, focus?: boolean) => void, repaint: () => void}} act
 */
export function createInside(root, act) {
  const part = (/** @type {string} */ name) => /** @type {any} */ (root.querySelector(`[data-${name}]`));
  const field = part("field");
  const stage = /** @type {HTMLElement} */ (document.getElementById("stage"));
  const width = watchWidth(/** @type {HTMLElement} */ (root.parentElement), act.repaint);
  const weights = createWeights(act.repaint);
  const heading = /** @type {HTMLElement} */ (document.querySelector("#stage-title span"));
  /** @type {Map<string, Drawn>} */
  const drawn = new Map();
  /** @type {import("./plan.js").Plan|null} */
  let layout = null;
  /** @type {Record<string, number>} first row of a weight matrix that is drawn */
  let first = {};
  /** @type {any} */
  let here = null;

  /** @param {string} name @returns {Drawn} */
  function plate(name) {
    const old = drawn.get(name);
    if (old) return old;
    const canvas = /** @type {HTMLCanvasElement} */ (el("canvas", [], { tabindex: "0", role: "img", "aria-describedby": "readout" }));
    const cursor = el("div", [], { class: "cursor" });
    const [sym, shape] = [el("b", [], { class: "sym" }), el("span", [], { class: "shape" })];
    const box = el("figure", [el("figcaption", [sym, " ", shape]), canvas, cursor], { class: "plate", "data-plate": name });
    field.insertBefore(box, part("marks")); // marks lie over every matrix
    const at = (/** @type {any} */ p, /** @type {any} */ cell) => ({ op: name, row: cell.row + (first[name] ?? 0), col: cell.col });
    const find = () => layout?.plates.find((p) => p.name === name);
    const go = (/** @type {any} */ cell) => {
      const p = find();
      if (!p || !cell) return;
      const to = at(p, toTensor(p, cell));
      if (here && here.op === name && here.row === to.row && here.col === to.col) return;
      here = to;
      act.pickCell(here);
    };
    const under = (/** @type {MouseEvent} */ e) => {
      const p = find();
      return p ? hit(p, e.offsetX, e.offsetY) : null;
    };
    canvas.addEventListener("pointermove", (e) => (e.movementX || e.movementY) && go(under(e)));
    canvas.addEventListener("click", (e) => (go(under(e)), here?.op === name && act.explainCell(here)));
    canvas.addEventListener("focus", () => here?.op !== name && go({ row: 0, col: 0 }));
    canvas.addEventListener("keydown", (e) => {
      const p = find();
      if (!p || e.ctrlKey || e.metaKey || e.altKey) return;
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[e.key];
      if (e.key === "Enter" && here?.op === name) act.explainCell(here, true);
      else if (step) {
        const now = here?.op === name ? toPlate(p, here.row - (first[name] ?? 0), here.col) : { row: 0, col: 0 };
        go({ row: Math.min(Math.max(now.row + step[0], 0), p.rows - 1), col: Math.min(Math.max(now.col + step[1], 0), p.cols - 1) });
      } else return;
      e.preventDefault();
      e.stopPropagation();
    });
    const made = { box, canvas, cursor, name: sym, shape };
    drawn.set(name, made);
    return made;
  }

  /** @param {any} state */
  return function view(state) {
    const { frame, t, theme } = state;
    const op = frame?.meta.pick.op ?? "";
    root.hidden = !op;
    const head = HEAD.has(op);
    heading.textContent = !op ? t("stage.title") : head ? t("inside.head") : t("inside.title", { Layer: (frame.meta.pick.layer ?? 0) + 1 });
    stage.hidden = !!op;
    if (!op) return;
    const peers = [...document.querySelectorAll("#ops [data-part]")].filter((c) => ofHead(c) === head);
    const say = t("ops.at", { Name: t("name." + op), N: 1 + peers.findIndex((c) => /** @type {HTMLElement} */ (c).dataset.look === op), Count: peers.length, Say: t("ops.say." + op) });
    if (part("say").textContent !== say) part("say").textContent = say;
    const info = frame.meta.op;
    field.hidden = !info;
    part("empty").hidden = !!info;
    if (!info) {
      part("empty").textContent = t(head ? "ops.not_yet" : frame.meta.step ? "stage.not_yet" : "stage.press", { Layer: frame.meta.pick.layer + 1 });
      return;
    }
    const { rows: m, cached } = frame.meta.pick_step;
    const shape = tensorOf(frame, op).shape;
    const out = { op, rows: shape[0], cols: shape[1] };
    layout = plan({ width: Math.max(width() - 34, NARROWEST), op, kind: info.kind, inputs: info.inputs, out, m, positions: cached + m, head: frame.meta.pick.head });
    first = Object.fromEntries(info.inputs.map((/** @type {any} */ p) => [p.op, p.first]));
    field.style.setProperty("height", `${layout.height}px`);
    around(part("axes"), layout, frame, theme);
    for (const [name, d] of drawn) d.box.hidden = !layout.plates.some((p) => p.name === name);
    /** @type {[import("./plan.js").Plate, (row: number, col: number) => string][]} */
    const written = [];
    for (const p of layout.plates) {
      const at = draw(p, state, info);
      if (at && roomy(p)) written.push([p, (r, c) => shortNumber(at(r, c))]);
    }
    marks(part("marks"), layout, marked(frame, layout.plates, first), theme, written);
  };

  /** @param {import("./plan.js").Plate} p @param {any} state @param {any} info */
  function draw(p, { frame, t, theme, cell }, info) {
    const d = plate(p.name);
    place(d.box, p);
    const weight = info.inputs.find((/** @type {any} */ x) => x.op === p.name && x.weight);
    const tensor = weight ? weights(frame.meta.run.model, frame.meta.pick.layer, p.name) : tensorOf(frame, p.name);
    d.box.classList.toggle("waiting", !tensor);
    d.box.classList.toggle("weight", p.name.startsWith("w_"));
    const narrow = layout && layout.label < 84; // a phone has room for a symbol only
    const rows = weight?.rows ?? tensor.shape[0];
    const cols = weight?.cols ?? tensor.shape[1];
    d.name.textContent = t((narrow && !p.name.startsWith("w_") && !tables.has(p.name) ? "sym." : "name.") + p.name) + (p.transposed ? " ᵀ" : "");
    const size = p.fold ? `${rows} × ${cols}` : `${p.rows} × ${p.cols}`; // as it is drawn
    d.shape.textContent = size;
    d.box.classList.toggle("right", p.w < 190 && p.x + 190 > width() - 34); // its caption would leave the panel
    d.canvas.setAttribute("aria-label", t("inside.plate", { Name: t("name." + p.name), Rows: rows, Cols: cols }));
    const grid = tensor ? cells(tensor) : null;
    const at = cell?.op === p.name ? toPlate(p, cell.row - (first[p.name] ?? 0), cell.col) : null;
    d.cursor.hidden = !at || at.row < 0 || at.row >= p.rows || at.col >= p.cols;
    if (at && !d.cursor.hidden) place(d.cursor, { x: (at.col * p.w) / p.cols, y: (at.row * p.h) / p.rows, w: p.w / p.cols, h: p.h / p.rows });
    return grid?.at;

    /** Paints the matrix. @param {any} tensor */
    function cells(tensor) {
      const signed = p.name !== "probs" && p.name !== "mask";
      const from = (weight?.first ?? 0) * cols;
      const data = weight ? tensor.data.subarray(from, from + rows * cols) : tensor.data;
      const { mask } = frame.tensors;
      const pairs = mask && p.cols === mask.shape[1] && PAIRS.has(p.name);
      const grid = {
        rows: p.rows, cols: p.cols, signed, max: signed ? largest(data) : p.name === "mask" ? 2.5 : 1,
        at: (/** @type {number} */ row, /** @type {number} */ col) => {
          const at = toTensor(p, { row, col });
          return data[at.row * cols + at.col] ?? 0; // the last row of a folded one may not be full
        },
        masked: pairs ? (/** @type {number} */ r, /** @type {number} */ c) => mask.data[r * p.cols + c] === 0 : undefined,
      };
      if (signed) d.shape.textContent = narrow ? `±${shortNumber(grid.max)}` : `${size} · ±${shortNumber(grid.max)}`;
      paint(d.canvas, p, grid, signed ? theme.diverging : theme.sequential, { hatch: theme.colors.hatch, line: theme.colors.surface });
      return grid;
    }
  }
}
