// What every panel does with elements.

/** @import { Box } from "../types.js" */

/** @param {HTMLElement} el @param {Box} box */
export function place(el, { x, y, w, h }) {
  el.style.setProperty("left", `${x}px`);
  el.style.setProperty("top", `${y}px`);
  el.style.setProperty("width", `${w}px`);
  el.style.setProperty("height", `${h}px`);
}

/** @param {string} name @param {string|Node|(string|Node)[]} [content] @param {Record<string, string>} [attributes] */
export function el(name, content = [], attributes = {}) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  e.append(...(Array.isArray(content) ? content : [content]));
  return e;
}
