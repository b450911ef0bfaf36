// Every layer's and head's attention in this pass as small pictures, with what
// the numbers say each head looks at.

import { onKey } from "../../ui/keys.js";
import { createOpen, speakWhileFocused } from "../../ui/open.js";
import { pixels } from "../../ui/matrix.js";
import { el } from "../../ui/dom.js";

/** @import { Config, Frame, Host, Panel, State, T, Tensor } from "../../types.js" */

/** In the order of the frame's head_hints. */
const HINTS = ["entropy", "previous", "first", "self", "copies"];
/** A share that is at least this large is what the head is known by. */
const DOMINANT = 0.5;

/**
 * The hints of one head.
 * @param {Frame} frame @param {number} layer @param {number} head
 * @returns {{bits: number, shares: [string, number][], dominant: [string, number]|null}|null} null where the layer has
 * not run in this pass
 */
export function hints(frame, layer, head) {
  const { heads } = frame.meta;
  const { head_hints: table } = frame.tensors;
  if (!heads || !table || heads.from[layer] === null) return null;
  const { data, shape } = table;
  const at = (layer * shape[1] + head) * HINTS.length;
  const shares = /** @type {[string, number][]} */ (
    HINTS.slice(1)
      .map((name, i) => [name, data[at + 1 + i]])
      .filter(([, x]) => Number(x) >= 0)
  );
  const top = shares.reduce((best, x) => (x[1] > best[1] ? x : best), /** @type {[string, number]} */ (["", 0]));
  return { bits: data[at], shares, dominant: top[1] >= DOMINANT ? top : null };
}

/** @type {Panel} */
export const panel = { id: "all-heads", offline: true, create };

/** @param {HTMLDetailsElement} root @param {Host} host */
function create(root, { act }) {
  const panel = createOpen(root, "heads", act);
  const grid = /** @type {HTMLTableElement} */ (root.querySelector("[data-grid]"));
  const picked = /** @type {HTMLElement} */ (root.querySelector("[data-picked]"));
  let built = "";
  speakWhileFocused(grid, picked);
  const at = (/** @type {number} */ layer, /** @type {number} */ head) =>
    grid.querySelector(`button[data-layer="${layer}"][data-head="${head}"]`);
  grid.addEventListener("click", (e) => {
    const b = /** @type {HTMLElement} */ (e.target).closest("button");
    if (b) act.pick({ layer: Number(b.dataset.layer), head: Number(b.dataset.head) });
  });
  onKey(grid, (key, e) => {
    // the last layer stands on top
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, 0], ArrowDown: [-1, 0] }[key];
    const b = /** @type {HTMLElement} */ (e.target).closest("button");
    if (!move || !b) return;
    e.preventDefault();
    e.stopPropagation(); // the page's own keys step the run
    const to = at(Number(b.dataset.layer) + move[0], Number(b.dataset.head) + move[1]);
    if (to instanceof HTMLElement) focus(to);
  });
  const focus = (/** @type {HTMLElement} */ b) => {
    grid.querySelectorAll("button").forEach((x) => (x.tabIndex = x === b ? 0 : -1));
    b.focus();
  };
  /** @param {State} state */
  return function view(state) {
    panel(state);
    const { frame, t, lang, theme } = state;
    if (!root.open || !frame) return;
    if (!frame.meta.heads) {
      // not asked for yet, nothing has run, or nothing is kept to derive it from
      if (frame.meta.pick.show?.includes("heads")) {
        picked.textContent = t(frame.meta.step ? "heads.none" : "stage.press");
        grid.replaceChildren();
        built = "";
      }
      return;
    }
    const { config } = frame.meta.run;
    const shape = [config.layers, config.heads, config.kv_heads, lang].join();
    if (shape !== built) build(grid, config, t);
    const first = shape !== built;
    built = shape;
    const { pick } = frame.meta;
    const tokens = fed(frame);
    for (const b of grid.querySelectorAll("button")) {
      const layer = Number(b.dataset.layer);
      const head = Number(b.dataset.head);
      const mine = layer === pick.layer && head === pick.head;
      b.setAttribute("aria-pressed", String(mine));
      if (first) b.tabIndex = mine ? 0 : -1;
      show(b, frame, tokens, layer, head, theme.sequential, t);
    }
    const by = frame.meta.heads.by > 1 ? " " + t("heads.by", { By: frame.meta.heads.by }) : "";
    picked.textContent = words(frame, pick.layer, pick.head, t) + by;
  };
}

/**
 * What is said of one head.
 * @param {Frame} frame
 * @param {number} layer
 * @param {number} head
 * @param {T} t
 */
export function words(frame, layer, head, t) {
  const h = hints(frame, layer, head);
  const name = { Layer: layer, Head: head };
  if (!h) return t("heads.cell.not_yet", name);
  const said = [
    `${t("hint.entropy")} ${t("heads.bits", { Bits: h.bits.toFixed(2) })}`,
    ...h.shares.map(([id, x]) => `${t(`hint.${id}`)} ${x.toFixed(2)}`),
  ];
  return t("heads.cell", { ...name, Hints: said });
}

/**
 * What each button shows already: a layer's heads change once in a pass.
 * @type {WeakMap<Element, {what: string, colors: Uint32Array, t: T}>}
 */
const shown = new WeakMap();

/** What determines the attention in this pass: the model and every token fed. @param {Frame} frame */
const fed = ({ meta }) =>
  meta.run.model +
  " " +
  meta.tokens
    .slice(0, meta.step ? meta.step.cached + meta.step.rows : 0)
    .map((x) => x[0])
    .join();

/**
 * @param {HTMLButtonElement} button
 * @param {Frame} frame
 * @param {string} tokens of fed
 * @param {number} layer
 * @param {number} head
 * @param {Uint32Array} colors
 * @param {T} t
 */
function show(button, frame, tokens, layer, head, colors, t) {
  const { heads } = frame.tensors;
  const what = `${frame.meta.heads?.from[layer]} ${heads?.shape} ${tokens}`;
  const before = shown.get(button);
  if (before && before.what === what && before.colors === colors && before.t === t) return;
  shown.set(button, { what, colors, t });
  const h = hints(frame, layer, head);
  button.classList.toggle("empty", !h);
  const [name, canvas, bits, hint] = button.children;
  name.textContent = words(frame, layer, head, t);
  bits.textContent = h ? t("heads.bits", { Bits: h.bits.toFixed(2) }) : t("heads.not_yet");
  hint.textContent = h?.dominant ? `${t(`hint.${h.dominant[0]}`)} ${h.dominant[1].toFixed(2)}` : "";
  if (heads) paint(/** @type {HTMLCanvasElement} */ (canvas), heads, layer, head, colors, !!h);
}

/**
 * One pixel per cell; the stylesheet makes it large.
 * @param {HTMLCanvasElement} canvas
 * @param {Tensor} heads
 * @param {number} layer
 * @param {number} head
 * @param {Uint32Array} colors
 * @param {boolean} ran
 */
export function paint(canvas, heads, layer, head, colors, ran) {
  const [, H, rows, cols] = heads.shape;
  if (canvas.width !== cols) canvas.width = cols;
  if (canvas.height !== rows) canvas.height = rows;
  canvas.classList.toggle("one", rows === 1);
  const ctx = canvas.getContext("2d");
  if (!ran) return ctx?.clearRect(0, 0, cols, rows);
  const from = (layer * H + head) * rows * cols;
  const p = pixels({ rows, cols, at: (r, c) => heads.data[from + r * cols + c], max: 255, signed: false }, colors);
  ctx?.putImageData(new ImageData(p.data, p.width, p.height), 0, 0);
}

/**
 * The table of buttons: the last layer on top, heads that share K and V together.
 * @param {HTMLTableElement} table
 * @param {Config} c
 * @param {T} t
 */
function build(table, c, t) {
  const each = (/** @type {number} */ n, /** @type {(i: number) => HTMLElement} */ f) =>
    Array.from({ length: n }, (_, i) => f(i));
  const group = c.heads / c.kv_heads;
  const starts = (/** @type {number} */ h) => (group > 1 && h % group === 0 && h > 0 ? "group" : "");
  const cell = (/** @type {number} */ layer, /** @type {number} */ head) => {
    const shows = [
      el("span", [], { class: "spoken" }),
      el("canvas"),
      el("span", [], { class: "bits", "aria-hidden": "true" }),
      el("span", [], { class: "hint", "aria-hidden": "true" }),
    ];
    const where = { "data-layer": String(layer), "data-head": String(head) };
    return el("td", el("button", shows, { type: "button", ...where }), { class: starts(head) });
  };
  const rows = each(c.layers, (i) => {
    const layer = c.layers - 1 - i;
    const name = el("th", t("heads.layer", { Layer: layer }), { scope: "row" });
    return el("tr", [name, ...each(c.heads, (head) => cell(layer, head))]);
  });
  const names = each(c.heads, (h) => el("th", t("heads.head", { Head: h }), { scope: "col", class: starts(h) }));
  const groups = each(c.kv_heads, (g) =>
    el("th", t("heads.group", { KV: g }), { scope: "colgroup", colspan: String(group), class: g ? "group" : "" }),
  );
  table.style.setProperty("--heads", String(c.heads));
  const heads = [...(group > 1 ? [groups] : []), names].map((cells) => el("tr", [el("td"), ...cells]));
  table.replaceChildren(el("thead", heads), el("tbody", rows));
}
