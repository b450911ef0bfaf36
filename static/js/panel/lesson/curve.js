// A curve that is drawn ahead of the real one: a slider for each point, on a scale that grows with them.

import { percent, si } from "../../format.js";
import { el } from "../../ui/dom.js";

/** @import { Asked, Form } from "./asks.js" */

const UNITS = /** @type {Record<string, string>} */ ({ flop: "FLOP", bytes: "B", s: "s" });

/** @param {Asked} asked @returns {Form} */
export function curve({ ask, t, ready }) {
  const given = ask.given ? ask.given.split(",").map(Number) : [];
  const most = ask.most || Math.max(...given, 1);
  const unit = UNITS[ask.unit ?? ""] ?? "";
  const points = Array.from({ length: ask.points ?? 0 }, (_, i) => {
    const input = el("input", [], {
      type: "range",
      min: "0",
      max: "100",
      step: "1",
      value: String(given[i] === undefined ? 10 : Math.round((100 * given[i]) / most)),
      "aria-label": t("lesson.curve.point", { N: i }),
    });
    const out = el("output", "");
    const say = () => {
      const x = (most * input.valueAsNumber) / 100;
      out.textContent = ask.unit === "percent" ? percent(x) : si(x, unit);
      input.setAttribute("aria-valuetext", out.textContent);
    };
    input.addEventListener("input", () => {
      say();
      ready();
    });
    say();
    return { input, node: el("label", [el("span", String(i)), input, out]) };
  });
  return {
    nodes: [
      el(
        "div",
        points.map((p) => p.node),
        { class: "curve", "data-testid": "lesson-curve" },
      ),
    ],
    read: () => points.map((p) => String((most * p.input.valueAsNumber) / 100)).join(","),
  };
}
