// A curve that is drawn ahead of the real one: with a finger or a mouse, or point by point with the arrow keys.

import { percent, si } from "../../format.js";
import { el } from "../../ui/dom.js";
import { plot, shareAt } from "./plot.js";

/** @import { Ask } from "../../types.js" */
/** @import { Asked, Form } from "./asks.js" */

const UNITS = /** @type {Record<string, string>} */ ({ flop: "FLOP", bytes: "B", s: "s" });

/** How a point is written. @param {Ask} ask @param {number} x */
export const written = (ask, x) => (ask.unit === "percent" ? percent(x) : si(x, UNITS[ask.unit ?? ""] ?? ""));

/** The points of an answer. @param {string} [answer] */
export const pointsOf = (answer) => (answer ? answer.split(",").map(Number) : []);

/** @param {Asked} asked @returns {Form} */
export function curve({ ask, t, ready }) {
  const given = pointsOf(ask.given);
  const most = ask.most || Math.max(...given, 1);
  let drawn = given.length > 0; // until somebody has drawn, there is no answer
  const out = el("output", t("lesson.curve.hint"));
  const sliders = Array.from({ length: ask.points ?? 0 }, (_, i) => {
    const value = given[i] === undefined ? 0 : Math.round((100 * given[i]) / most);
    const label = t("lesson.curve.point", { N: i });
    const input = el("input", [], { type: "range", min: "0", max: "100", value: String(value), "aria-label": label });
    input.addEventListener("input", () => {
      drawn = true;
      draw(i);
      ready();
    });
    input.addEventListener("focus", () => draw(i));
    input.addEventListener("blur", () => draw());
    return input;
  });
  const picture = el("div", [], { class: "drawing" });
  const values = () => sliders.map((s) => s.valueAsNumber / 100);

  /** @param {number} [at] the point that is spoken of */
  function draw(at) {
    picture.replaceChildren(plot([{ points: values(), kind: "given" }], at));
    sliders.forEach((s, i) => s.setAttribute("aria-valuetext", written(ask, most * values()[i])));
    if (at !== undefined) out.textContent = `${at}: ${written(ask, most * values()[at])}`;
  }

  let last = -1; // the point that the pointer was at: those between it and the next are on its way
  const pad = el("div", [picture, ...sliders], { class: "pad" });
  /** @param {PointerEvent} e */
  function to(e) {
    const box = picture.getBoundingClientRect();
    const i = Math.floor((sliders.length * (e.clientX - box.left)) / box.width);
    const here = Math.min(Math.max(i, 0), sliders.length - 1);
    const share = Math.round(100 * shareAt((e.clientY - box.top) / box.height));
    const way = last < 0 ? 0 : here - last;
    const was = sliders[here - way].valueAsNumber;
    for (let n = 1; n <= Math.abs(way); n++)
      sliders[last + Math.sign(way) * n].value = String(Math.round(was + ((share - was) * n) / Math.abs(way)));
    sliders[here].value = String(share);
    last = here;
    sliders[here].dispatchEvent(new Event("input"));
  }
  pad.addEventListener("pointerdown", (e) => {
    if (sliders[0]?.matches(":disabled")) return;
    e.preventDefault(); // no text is marked, and the focus stays where it is told
    pad.setPointerCapture(e.pointerId);
    last = -1;
    to(e);
    sliders[last].focus({ preventScroll: true });
  });
  pad.addEventListener("pointermove", (e) => pad.hasPointerCapture(e.pointerId) && to(e));
  draw();
  const scale = el("small", `${written(ask, most)} ↑`);
  return {
    nodes: [el("div", [pad, scale, out], { class: "curve", "data-testid": "lesson-curve" })],
    read: () => (drawn ? sliders.map((s) => String((most * s.valueAsNumber) / 100)).join(",") : ""),
  };
}
