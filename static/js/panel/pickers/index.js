// Which layer and head the stage shows.

import { el, radio } from "../../ui/dom.js";

/** @import { Host, Panel, State, T } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "pickers", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const layers = /** @type {HTMLElement} */ (root.querySelector("[data-layers]"));
  const heads = /** @type {HTMLElement} */ (root.querySelector("[data-heads]"));
  let built = "";
  let pick = { layer: 0, head: 0, follow: true };
  root.addEventListener("change", (e) => {
    const input = /** @type {HTMLInputElement} */ (e.target);
    // Kept at once, so that a second choice made before the next frame does not undo the first.
    if (input.name === "pick-layer") {
      const follow = input.value === "follow";
      pick = { ...pick, follow, layer: follow ? pick.layer : Number(input.value) };
    } else pick = { ...pick, head: Number(input.value) };
    act.pick({ layer: pick.follow ? null : pick.layer, head: pick.head });
  });
  /** @param {State} state */
  return function view({ frame, t, lang }) {
    if (!frame) return;
    const c = frame.meta.run.config;
    const { kv_head } = frame.meta.pick;
    pick = frame.meta.pick;
    const shape = [c.layers, c.heads, c.kv_heads, lang].join();
    if (shape !== built) {
      built = shape;
      layers.replaceChildren(
        radio("pick-layer", "follow", t("pick.follow")),
        ...range(c.layers).map((l) => radio("pick-layer", l, String(l))),
      );
      heads.replaceChildren(...groups(c, t));
      heads.classList.toggle("shared", c.kv_heads < c.heads);
    }
    check(layers, pick.follow ? "follow" : String(pick.layer));
    check(heads, String(pick.head));
    for (const label of layers.children)
      label.classList.toggle("now", label.querySelector("input")?.value === String(pick.layer));
    for (const group of heads.querySelectorAll(".kv"))
      group.classList.toggle("now", /** @type {HTMLElement} */ (group).dataset.kv === String(kv_head));
  };
}

/**
 * The heads, those that share a K/V head in one box that names it.
 * @param {{heads: number, kv_heads: number}} config @param {T} t
 */
function groups({ heads, kv_heads }, t) {
  const each = heads / kv_heads;
  const radios = range(heads).map((h) => radio("pick-head", h, String(h)));
  if (each === 1) return radios;
  return range(kv_heads).map((g) =>
    el(
      "div",
      [
        el("div", radios.slice(g * each, (g + 1) * each), { class: "radios" }),
        el("small", t("heads.group", { KV: g })),
      ],
      { class: "kv", "data-kv": String(g) },
    ),
  );
}

/** @param {number} n */
const range = (n) => Array.from({ length: n }, (_, i) => i);

/** @param {HTMLElement} group @param {string} value */
function check(group, value) {
  const input = group.querySelector(`input[value="${value}"]`);
  if (input instanceof HTMLInputElement) input.checked = true;
}
