// How far a model is that the next run waits for.

import { percent, sentences, si } from "../../format.js";
import { parts, write } from "../../ui/dom.js";

/** @import { Panel, State } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "loading", offline: false, create };

/** @param {HTMLElement} root */
function create(root) {
  const part = parts(root);
  const bar = part("bar");
  /** @param {State} state */
  return function view({ loading, frame, t }) {
    root.hidden = !loading;
    if (!loading) return;
    const { model, done, total } = loading;
    const says = sentences(t("loading.says", { Model: model }), frame ? t("loading.meanwhile") : "");
    write(part("says"), says);
    const size = total
      ? t("loading.size", { Done: si(done, "B"), Total: si(total, "B"), Percent: percent(done / total) })
      : "";
    part("size").textContent = size;
    if (total) {
      bar.setAttribute("aria-valuenow", String(Math.round((100 * done) / total)));
      bar.setAttribute("aria-valuetext", size);
    } else {
      // nobody knows yet
      bar.removeAttribute("aria-valuenow");
      bar.removeAttribute("aria-valuetext");
    }
    part("fill").style.setProperty("width", total ? `${(100 * done) / total}%` : "0");
  };
}
