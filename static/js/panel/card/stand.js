// Where the card stands: beside what was pressed, and not over what it explains, which is lit as long as it is open.

/** @import { Box } from "../../types.js" */

const GAP = 8;
const WHOLE = ".plate, #sentence, #bars"; // what a mark in it says something of
const PART = ".kinds, label, tr, li, p, h2, h3"; // elsewhere it is said of a line

/** @param {HTMLElement} card @param {HTMLElement} opener */
export function stand(card, opener) {
  dim();
  const about = subjects(opener);
  for (const e of about) e.classList.add("explained");
  const { width: w, height: h } = card.getBoundingClientRect();
  const by = boxOf(opener);
  const { x, y } = beside({ w, h }, by, [by, ...about.map(boxOf)], { w: innerWidth, h: innerHeight });
  card.style.setProperty("--left", `${Math.round(x)}px`);
  card.style.setProperty("--top", `${Math.round(y)}px`);
}

/** What was explained is lit no longer. */
export function dim() {
  for (const e of document.querySelectorAll(".explained")) e.classList.remove("explained");
}

/**
 * What an opener's card explains: what it stands in, and of a matrix those of both lanes.
 * @param {HTMLElement} opener
 */
function subjects(opener) {
  const about = opener.closest(WHOLE) ?? opener.closest(PART);
  if (!(about instanceof HTMLElement)) return [];
  const { op } = about.dataset;
  const both = op ? [...document.querySelectorAll(`#stage .plate[data-op="${op}"]`)] : [];
  return both.length ? /** @type {HTMLElement[]} */ (both) : [about];
}

/** @param {HTMLElement} e @returns {Box} */
function boxOf(e) {
  const { left: x, top: y, width: w, height: h } = e.getBoundingClientRect();
  return { x, y, w, h };
}

/**
 * The place that covers least of what is to be seen, and of those the nearest.
 * @param {{w: number, h: number}} size of the card, pixels
 * @param {Box} by what was pressed @param {Box[]} kept what is to be seen, that included
 * @param {{w: number, h: number}} window
 */
export function beside({ w, h }, by, kept, window) {
  const inside = (/** @type {number} */ at, /** @type {number} */ size, /** @type {number} */ room) =>
    Math.max(GAP, Math.min(at, room - size - GAP));
  const left = kept.flatMap((b) => [b.x, b.x + b.w - w, b.x + b.w + GAP, b.x - w - GAP]);
  const top = kept.flatMap((b) => [b.y, b.y + b.h - h, b.y + b.h + GAP, b.y - h - GAP]);
  let best = { x: GAP, y: GAP, cost: Infinity };
  for (const x of left.map((at) => inside(at, w, window.w)))
    for (const y of top.map((at) => inside(at, h, window.h))) {
      const covers = kept.reduce((sum, b) => sum + overlap({ x, y, w, h }, b), 0) + overlap({ x, y, w, h }, by) * 1e4;
      const far = Math.abs(x + w / 2 - by.x - by.w / 2) + Math.abs(y + h / 2 - by.y - by.h / 2);
      if (covers * 100 + far < best.cost) best = { x, y, cost: covers * 100 + far };
    }
  return best;
}

/** Pixels that two boxes share. @param {Box} a @param {Box} b */
const overlap = (a, b) =>
  Math.max(Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x), 0) *
  Math.max(Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y), 0);
