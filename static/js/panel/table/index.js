// Any matrix of the stage as a real table, for those who read or copy numbers.

import { onStage } from "../../facts/token-names.js";
import { cell } from "../../format.js";
import { named, tensorOf } from "../../facts/readout.js";
import { PAIRS, untold, VOCAB } from "../../wire/triangle.js";
import { el, line } from "../../ui/dom.js";
import { createOpen } from "../../ui/open.js";

/** @import { Frame, Host, Panel, State } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "table", offline: true, create };

/** @param {HTMLDetailsElement} root @param {Host} host */
function create(root, { act }) {
  const panel = createOpen(root, "table", act);
  const select = /** @type {HTMLSelectElement} */ (root.querySelector("select"));
  const table = /** @type {HTMLTableElement} */ (root.querySelector("table"));
  let frame = /** @type {Frame|null} */ (null);
  const fill = () => {
    const op = frame?.meta.pick.op; // one op fills the stage: then it is the table too
    /** @type {HTMLElement} */ (select.parentElement).hidden = !!op;
    const tensor = frame && (op ? tensorOf(frame, op) : named(frame, select.value));
    const from = frame?.meta.pick_step;
    if (!root.open || !frame || !tensor || !from || (!op && tensor.coarse)) return table.replaceChildren();
    const [rows, cols] = tensor.shape;
    const names = onStage(frame);
    const positions = from.cached + from.rows;
    const name = (/** @type {number} */ i) => names[i] ?? "";
    const pairs = PAIRS.has(op || select.value);
    const titles = Array.from({ length: cols }, (_, j) => (pairs ? name(j) : String(j)));
    const body = Array.from({ length: rows }, (_, i) => {
      const values = Array.from({ length: cols }, (_, j) =>
        untold(tensor, i, j) ? "" : cell(tensor.data[i * cols + j]),
      );
      return line([name(op && VOCAB.has(op) ? positions - 1 : positions - rows + i), ...values]);
    });
    table.replaceChildren(el("thead", line(["", ...titles], true)), el("tbody", body));
  };
  root.addEventListener("toggle", fill);
  select.addEventListener("change", fill);
  /** @param {State} next @param {State} before */
  return function view(next, before) {
    panel(next);
    frame = next.frame;
    if (next.frame !== before.frame || next.lang !== before.lang) fill();
  };
}
