// Elements, as every panel makes and places them.

/** @import { Box } from "../types.js" */

/**
 * An element with its content and its attributes.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {string|Node|(string|Node)[]} [content]
 * @param {Record<string, string>} [attributes]
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function el(name, content = [], attributes = {}) {
  const e = document.createElement(name);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  e.append(...(Array.isArray(content) ? content : [content]));
  return e;
}

/**
 * A line of a table, the first cell its title; of titles alone where it is the head. What is empty is no title.
 * @param {(string|(string|Node)[])[]} cells @param {boolean} [head]
 */
export const line = (cells, head = false) =>
  el(
    "tr",
    cells.map((text, i) =>
      text && (head || i === 0) ? el("th", text, { scope: head ? "col" : "row" }) : el("td", text),
    ),
  );

/**
 * Writes a text where it is another: what speaks by itself speaks every change.
 * @param {HTMLElement} element @param {string} text
 */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A radio button with its name. @param {string} name @param {string|number} value @param {string} text */
export const radio = (name, value, text) =>
  el("label", [el("input", [], { type: "radio", name, value: String(value) }), el("span", text)]);

/** A bar as long as a share of its room. @param {number} share @param {Record<string, string>} [attributes] */
export function bar(share, attributes = {}) {
  const i = el("i", [], attributes);
  i.style.setProperty("width", `${100 * share}%`);
  return i;
}

/** The bars that elements have. @type {WeakMap<Element, string>} */
const barred = new WeakMap();

/**
 * Fills an element with bars, unless the same ones stand there. Others are new elements: to the eye one that moved
 * would be a shift of the page.
 * @param {Element} root @param {{share: number, attributes: Record<string, string>}[]} all
 */
export function bars(root, all) {
  const now = JSON.stringify(all);
  if (barred.get(root) === now) return;
  barred.set(root, now);
  root.replaceChildren(...all.map(({ share, attributes }) => bar(share, attributes)));
}

/** Sets an attribute that is another one: a browser takes one that is the same for a change. */
export function put(/** @type {Element} */ e, /** @type {string} */ name, /** @type {string} */ value) {
  if (e.getAttribute(name) !== value) e.setAttribute(name, value);
}

/**
 * Finds the parts of a panel by their data attributes: part("says") has data-says.
 * @param {ParentNode} root
 * @returns {(name: string) => HTMLElement}
 */
export const parts = (root) => (name) => /** @type {HTMLElement} */ (root.querySelector(`[data-${name}]`));

/**
 * Scrolls the page as little as shows an element, once all of it is there: what is higher than the window by its top.
 * @param {Element} element
 */
export function reveal(element) {
  const { top, bottom } = element.getBoundingClientRect();
  if (top >= 0 && bottom <= innerHeight) return;
  element.scrollIntoView({ block: bottom - top > innerHeight ? "start" : "nearest" });
}

/** Where elements have been placed. @type {WeakMap<Element, string>} */
const placed = new WeakMap();

/**
 * Moves by a transform: what grows inside a figure is no shift of the page's layout.
 * @param {HTMLElement} element @param {Box} box
 */
export function place(element, { x, y, w, h }) {
  const now = [x, y, w, h].join();
  if (placed.get(element) === now) return;
  placed.set(element, now);
  element.style.setProperty("left", "0");
  element.style.setProperty("top", "0");
  element.style.setProperty("transform", `translate(${x}px, ${y}px)`);
  for (const [name, size] of [
    ["width", w],
    ["height", h],
    ["--w", w], // for what stands at its other edges
    ["--h", h],
  ])
    element.style.setProperty(String(name), `${size}px`);
}
