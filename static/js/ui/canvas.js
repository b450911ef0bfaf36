// Canvases as sharp as the screen is.

/** Pixels of the screen for one of the stylesheet. */
export const density = () => globalThis.devicePixelRatio || 1;

/**
 * Gives a canvas room for a size in pixels of the stylesheet, if it has not: that blanks it, and takes time.
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height
 */
export function fit(canvas, width, height) {
  const [w, h] = [Math.round(width * density()), Math.round(height * density())];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
}

/**
 * What draws on a canvas that is made blank, in pixels of the stylesheet; null where nothing can.
 * @param {HTMLCanvasElement} canvas @param {number} width @param {number} height
 */
export function blank(canvas, width, height) {
  canvas.width = Math.round(width * density());
  canvas.height = Math.round(height * density());
  const ctx = canvas.getContext("2d");
  ctx?.scale(density(), density());
  return ctx;
}

/** Shows a canvas at its size. @param {HTMLCanvasElement} canvas @param {{width?: number, height?: number}} size */
export function show(canvas, { width, height }) {
  if (width !== undefined) canvas.style.setProperty("width", `${width}px`);
  if (height !== undefined) canvas.style.setProperty("height", `${height}px`);
}
