// Pictures of a printed lesson: each moment is painted by the page's own panels, taken as the page takes pictures
// away, and stands in its place before the document is loaded, so that whatever prints it waits for them.

import { createActions } from "./actions.js";
import { base85 } from "./handout/base85.js";
import { mount } from "./panel/mount.js";
import { panels as later } from "./panel/later.js";
import { panels } from "./panel/panels.js";
import { light } from "./panel/lesson/lights.js";
import { createPicture, matrices, momentOf } from "./panel/take/picture.js";
import { createState } from "./state/initial.js";
import { translator } from "./text.js";
import { readTheme } from "./ui/theme.js";
import { decode, widen } from "./wire/decode.js";

/** @import { Frame, Tensor } from "./types.js" */

const MARGIN = 16; // pixels that a picture has around it
const SMALLEST = 12; // pixels of the letters of a slide that says much

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const bench = byId("bench");
const { lang = "en" } = document.documentElement.dataset;
const messages = JSON.parse(byId("words").textContent ?? "");
const t = translator(messages, lang);
const store = createState({ connected: true, lang, t, theme: readTheme() });
const act = createActions(store, { send: () => false });

/** A matrix of weights that the op of the moment reads. @param {string} _ @param {number} layer @param {string} op */
function weight(_, layer, op) {
  const { meta, tensors } = /** @type {Frame} */ (store.get().frame);
  const all = /** @type {Record<string, Tensor|undefined>} */ (tensors);
  const most = /** @type {{weights?: Record<string, number>}} */ (meta).weights?.[op];
  const tensor = all[`weight.${op}`] ?? null;
  return { tensor: tensor && most ? widen(tensor, most) : tensor };
}

const host = { store, act, live: true, weights: () => weight, moments: null, opening: null };
for (const d of bench.querySelectorAll("details:not(.table)")) d.setAttribute("open", "");
mount(
  [...panels, ...later].filter((p) => p && bench.querySelector(`#${p.id}`)),
  host,
);
const picture = createPicture(store);

/**
 * A picture without the room that an op leaves at its right: its numbers are larger on paper.
 * @param {Element} root @param {{svg: string, width: number, height: number}} drawn
 */
function cropped(root, { svg, width, height }) {
  if (root.id !== "inside") return { svg, width, height };
  const { left } = root.getBoundingClientRect();
  const all = document.createRange();
  const ends = [...root.querySelectorAll("p, .plate, figcaption")].map((e) => {
    all.selectNodeContents(e);
    const boxes = [all.getBoundingClientRect(), ...(e.matches(".plate") ? [e.getBoundingClientRect()] : [])];
    return Math.max(...boxes.map((box) => (box.width ? box.right - left : 0)));
  });
  const used = Math.min(Math.ceil(Math.max(...ends)) + 2 * MARGIN, width);
  const head = svg
    .slice(0, svg.indexOf(">"))
    .replace(` width="${width}"`, ` width="${used}"`)
    .replace(` ${width} `, ` ${used} `);
  return { svg: head + svg.slice(svg.indexOf(">")), width: used, height };
}

for (const figure of document.querySelectorAll("[data-picture]")) {
  const { picture: n, open, light: lit } = /** @type {HTMLElement} */ (figure).dataset;
  const frame = decode(base85(byId(`frame-${n}`).textContent?.trim() ?? "").buffer);
  store.set({ frame, t: translator(messages, lang, frame.meta.run.parts) });
  store.flush();
  light(lit?.split(" ") ?? []);
  const roots = open ? open.split(" ").map(byId) : [matrices()];
  const { svg, width, height } = cropped(roots[0], picture(roots, { caption: false, controls: !!open }));
  const image = /** @type {HTMLImageElement} */ (figure.querySelector("img"));
  [image.width, image.height] = [width, height];
  image.alt = /** @type {HTMLElement} */ (byId("sentence").querySelector("[data-line]")).textContent ?? "";
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(svg);
  /** @type {HTMLElement} */ (figure.querySelector("figcaption")).textContent = momentOf(store.get());
}
bench.remove();

for (const words of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".slide > .speech"))) {
  let size = parseFloat(getComputedStyle(words).fontSize);
  while (words.scrollHeight > words.clientHeight && size > SMALLEST) words.style.fontSize = `${--size}px`;
}
document.querySelector("[data-print]")?.addEventListener("click", () => print());
