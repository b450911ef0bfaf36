// Which layer and head the stage shows.

import { el } from "../../ui/dom.js";

/** @import { Host, Panel, State, T } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "pickers", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const layers = /** @type {HTMLSelectElement} */ (root.querySelector("[data-layers]"));
  const heads = /** @type {HTMLSelectElement} */ (root.querySelector("[data-heads]"));
  let built = "";
  let pick = { layer: 0, head: 0, follow: true };
  root.addEventListener("change", (e) => {
    const { value } = /** @type {HTMLSelectElement} */ (e.target);
    // Kept at once, so that a second choice made before the next frame does not undo the first.
    if (e.target === layers) {
      const follow = value === "follow";
      pick = { ...pick, follow, layer: follow ? pick.layer : Number(value) };
    } else pick = { ...pick, head: Number(value) };
    act.pick({ layer: pick.follow ? null : pick.layer, head: pick.head });
  });
  /** @param {State} state */
  return function view({ frame, t, lang }) {
    root.classList.toggle("idle", !frame?.meta.step); // there is nothing to choose from
    if (!frame) return;
    const c = frame.meta.run.config;
    pick = frame.meta.pick;
    const shape = [c.layers, c.heads, c.kv_heads, lang].join();
    if (shape !== built) {
      built = shape;
      layers.replaceChildren(option("follow", ""), ...range(c.layers).map((l) => option(String(l), String(l))));
      heads.replaceChildren(...groups(c, t));
    }
    const now = t("pick.current", { Layer: pick.layer });
    if (layers.options[0].text !== now) layers.options[0].text = now;
    layers.value = pick.follow ? "follow" : String(pick.layer);
    heads.value = String(pick.head);
  };
}

/**
 * The heads, those that share a K/V head in a group that names it.
 * @param {{heads: number, kv_heads: number}} config @param {T} t
 */
function groups({ heads, kv_heads }, t) {
  const each = heads / kv_heads;
  const all = range(heads).map((h) => option(String(h), String(h)));
  if (each === 1) return all;
  return range(kv_heads).map((g) =>
    el("optgroup", all.slice(g * each, (g + 1) * each), { label: t("heads.group", { KV: g }) }),
  );
}

/** @param {string} value @param {string} text */
const option = (value, text) => el("option", text, { value });

/** @param {number} n */
const range = (n) => Array.from({ length: n }, (_, i) => i);
