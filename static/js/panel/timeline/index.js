// The timeline: the whole run as a map of tokens and layers, and a slider over it.

import { onKey } from "../../ui/keys.js";
import { draw, frameOfMap, place, rowPoint } from "./map.js";
import { watchWidth } from "../../ui/width.js";
import { where } from "../../facts/where.js";

/** @import { Host, Panel, State } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "timeline", offline: true, withNext: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const canvas = /** @type {HTMLCanvasElement} */ (root.querySelector("canvas"));
  /** @type {ReturnType<typeof place>|null} */
  let layout = null;
  const width = watchWidth(canvas, act.repaint);
  let last = -1;
  let length = 0;
  let layers = 0;
  let dragging = false;
  const go = (/** @type {number} */ n) => {
    n = Math.min(Math.max(n, -1), length - 1);
    if (n !== last) act.seek((last = n));
  };
  const point = (/** @type {PointerEvent} */ e) => {
    const box = canvas.getBoundingClientRect();
    if (layout) go(layout.at(e.clientX - box.left, e.clientY - box.top));
  };
  canvas.addEventListener("pointerdown", (e) => {
    const y = e.offsetY - (layout?.top ?? 0);
    if (layout && e.offsetX < layout.left) {
      if (y >= 0 && y < layout.map) act.toggleBreak(rowPoint(Math.floor((layout.map - y) / layout.tall), layers));
      return;
    }
    dragging = true;
    canvas.setPointerCapture(e.pointerId);
    point(e);
  });
  canvas.addEventListener("pointermove", (e) => dragging && point(e));
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (dragging = false));
  onKey(root, (key, e) => {
    const pass = layers + 1;
    const move = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: pass, PageDown: -pass }[key];
    const to = key === "Home" ? -1 : key === "End" ? length - 1 : move ? last + move : null;
    if (to === null) return;
    e.preventDefault();
    e.stopPropagation();
    go(to);
  });

  /** @param {State} state */
  return function view({ frame, theme, t }) {
    if (!frame) return;
    const { run, step } = frame.meta;
    layers = run.config.layers;
    length = run.ended ? run.recorded : run.length;
    last = step ? step.n : -1;
    root.setAttribute("aria-valuemin", "-1");
    root.setAttribute("aria-valuemax", String(length - 1));
    root.setAttribute("aria-valuenow", String(last));
    root.setAttribute("aria-valuetext", step ? where(step, t, frame.meta) : t("timeline.start"));
    layout = place(width(), frame.meta, frameOfMap());
    draw(canvas, width(), layout, frame, theme, t);
  };
}
