// Why a link is not opened by itself, with the link to copy and the ways on.

import { LAB } from "../../state/url.js";
import { parts, write } from "../../ui/dom.js";

/** @import { Host, Panel, State, T } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "held", offline: false, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { opening }) {
  const part = parts(root);
  const link = /** @type {HTMLTextAreaElement} */ (part("link"));
  let t = /** @type {T} */ ((id) => id);
  part("again").addEventListener("click", () => (opening?.again(), onward()));
  part("fresh").addEventListener("click", () => (opening?.fresh(), onward()));
  part("close").addEventListener("click", () => (opening?.leave(), onward()));
  part("copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(link.value);
      part("copied").textContent = t("held.copied");
    } catch {
      // no permission: it is marked, to be copied by hand
      link.select();
      part("copied").textContent = t("held.manual");
    }
  });
  /** The button under the focus has gone. */
  const onward = () => document.getElementById("transport")?.focus({ preventScroll: true });

  /** @param {State} state @param {State} before */
  return function view(state, before) {
    const { held } = state;
    t = state.t;
    if (held === before.held && state.lang === before.lang) return;
    root.hidden = !held;
    if (held !== before.held) part("copied").textContent = "";
    if (!held) return;
    for (const [name, text] of [
      ["title", t(`held.${held.why}.title`)],
      ["say", t(`held.${held.why}.say`, { Where: held.where })],
    ]) {
      write(part(name), text);
    }
    const url = `${location.origin}${LAB}?${held.link.replace(/^\?/, "")}`;
    if (link.value !== url) link.value = url;
    part("again").hidden = held.why === "long"; // it would be refused again
    part("fresh").hidden = !held.link.replace(/^\?/, "");
    part("close").hidden = held.waits;
    part("fresh").classList.toggle("primary", held.waits); // what is most likely wanted now
    part("copy").classList.toggle("primary", !held.waits);
  };
}
