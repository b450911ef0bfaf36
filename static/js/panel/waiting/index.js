// Before the first step: the prompt's tokens, waiting in front of the layers.

import { isolate } from "../../text.js";
import { el, parts } from "../../ui/dom.js";

/** @import { Panel, State } from "../../types.js" */

const MOST = 48; // tokens shown; more of them would say no more

/** @type {Panel} */
export const panel = { id: "waiting", offline: true, create };

/** @param {HTMLElement} root */
function create(root) {
  const part = parts(root);
  let built = "";
  /** @param {State} state */
  return function view({ frame, t, lang }) {
    const meta = frame?.meta;
    root.hidden = !meta || !!meta.step || !meta.waiting;
    if (!meta?.waiting || root.hidden) return;
    const { waiting, run } = meta;
    const now = JSON.stringify([waiting, run.config.layers, lang]);
    if (now === built) return;
    built = now;
    part("says").textContent = t("waiting.tokens", { Count: waiting.length });
    const shown = waiting.length > MOST ? waiting.slice(0, MOST - 1) : waiting;
    part("tokens").replaceChildren(
      ...shown.map(([id, label], i) =>
        chip(isolate(label), String(i), t("waiting.token", { Token: label, Position: i, ID: String(id) })),
      ),
    );
    if (shown.length < waiting.length)
      part("tokens").append(chip(t("waiting.more", { Count: waiting.length - shown.length }), "", ""));
    part("tower").replaceChildren(
      ...Array.from({ length: run.config.layers }, (_, i) =>
        el("li", t("where.layer", { Layer: run.config.layers - 1 - i })),
      ),
    );
  };
}

/** @param {string} text @param {string} index @param {string} title */
const chip = (text, index, title) =>
  el("li", [text, ...(index ? [el("small", index)] : [])], title ? { title } : undefined);
