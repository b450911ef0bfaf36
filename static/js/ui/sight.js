// Which elements lie beyond the window's edges, watched instead of asked for.

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
