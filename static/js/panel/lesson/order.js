// An order: choices that are moved up and down, the smallest first.

import { el } from "../../ui/dom.js";
import { pieces, plain } from "./words.js";

/** @import { Asked, Form } from "./asks.js" */

/** @param {Asked} asked @returns {Form} */
export function order({ ask, t, ready }) {
  const choices = ask.choices ?? [];
  const ids = ask.given ? ask.given.split(",") : choices.map((c) => c.id);
  const list = el("ol", [], { class: "order", "data-testid": "lesson-order" });
  const draw = () =>
    list.replaceChildren(
      ...ids.map((id, at) => {
        const text = choices.find((c) => c.id === id)?.text ?? [];
        const move = (/** @type {number} */ by, /** @type {string} */ sign, /** @type {string} */ name) => {
          const button = el("button", sign, { type: "button", "aria-label": t(name, { What: plain(text) }) });
          button.disabled = at + by < 0 || at + by >= ids.length;
          button.addEventListener("click", () => {
            [ids[at], ids[at + by]] = [ids[at + by], ids[at]];
            draw();
            const row = list.children[at + by].querySelectorAll("button");
            (by < 0 && !row[0].disabled ? row[0] : !row[1].disabled ? row[1] : row[0]).focus();
            ready();
          });
          return button;
        };
        return el("li", [
          el("span", pieces(text)),
          move(-1, "↑", "lesson.order.up"),
          move(1, "↓", "lesson.order.down"),
        ]);
      }),
    );
  draw();
  return { nodes: [list], read: () => ids.join(",") };
}
