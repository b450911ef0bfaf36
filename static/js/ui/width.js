// The size an element has, and whether it is in sight, watched instead of asked for: asking in the middle
// of a paint makes the browser lay the page out again.

/**
 * @param {Element} el @param {() => void} changed
 * @returns {() => number}
 */
export function watchWidth(el, changed) {
  let width = el.clientWidth;
  new ResizeObserver(([entry]) => {
    const now = Math.round(entry.contentRect.width);
    if (now === 0 || now === width) return; // 0 while the window is being hidden or resized
    width = now;
    changed();
  }).observe(el);
  return () => width;
}

/**
 * Width and height likewise, of what an element has inside its padding.
 * @param {Element} el @param {() => void} changed
 * @returns {() => {width: number, height: number}}
 */
export function watchSize(el, changed) {
  let size = { width: el.clientWidth, height: el.clientHeight };
  new ResizeObserver(([{ contentRect }]) => {
    const [width, height] = [Math.floor(contentRect.width), Math.floor(contentRect.height)];
    if (!width || !height || (width === size.width && height === size.height)) return;
    size = { width, height };
    changed();
  }).observe(el);
  return () => size;
}

/** @type {WeakMap<Element, boolean>} */
const beyond = new WeakMap();
let watch = /** @type {IntersectionObserver|undefined} */ (undefined);

/**
 * Tells whether an element is there and nobody sees it. One that is hidden may be wanted at once, where it is in sight.
 * @param {Element} el @returns {() => boolean}
 */
export function watchSight(el) {
  watch ??= new IntersectionObserver((entries) => {
    for (const { target, isIntersecting, boundingClientRect: box } of entries)
      beyond.set(target, !isIntersecting && box.width * box.height > 0);
  });
  watch.observe(el);
  return () => beyond.get(el) ?? false;
}
