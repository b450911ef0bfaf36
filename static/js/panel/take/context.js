// A drawing context that writes SVG: what a view draws on a canvas becomes
// paths, pictures and real text.

import { escape, rgb, tag } from "./ink.js";

/** @import { Attributes } from "./ink.js" */

/** @typedef {[number, number, number, number, number, number]} Matrix as SVG's matrix(a b c d e f) */

const START = () => ({
  fillStyle: "#000",
  strokeStyle: "#000",
  lineWidth: 1,
  font: "10px sans-serif",
  textAlign: "start",
  textBaseline: "alphabetic",
  globalAlpha: 1,
  dash: /** @type {number[]} */ ([]),
  matrix: /** @type {Matrix} */ ([1, 0, 0, 1, 0, 0]),
  clip: "",
});

/** @param {Matrix} m @param {Matrix} n @returns {Matrix} */
const times = ([a, b, c, d, e, f], [a2, b2, c2, d2, e2, f2]) => [
  a * a2 + c * b2,
  b * a2 + d * b2,
  a * c2 + c * d2,
  b * c2 + d * d2,
  a * e2 + c * f2 + e,
  b * e2 + d * f2 + f,
];

let clips = 0;

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {CanvasRenderingContext2D & {svg: () => string}} what views use of one; svg() is everything drawn so far
 */
export function svgContext(canvas) {
  const ruler = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
  let state = START();
  /** @type {ReturnType<typeof START>[]} */
  const stack = [];
  /** @type {string[]} */
  let out = [];
  let path = "";
  const turn = (/** @type {Matrix} */ m) => (state.matrix = times(state.matrix, m));
  const put = (/** @type {string} */ name, /** @type {Attributes} */ values, text = "") => {
    const m = state.matrix;
    const moved = m.some((v, i) => v !== (i === 0 || i === 3 ? 1 : 0));
    const all = {
      ...values,
      opacity: state.globalAlpha === 1 ? null : state.globalAlpha,
      transform: moved ? `matrix(${m.map(short).join(" ")})` : null,
    };
    const el = tag(name, all, text);
    // The clip was made under a matrix of its own, so it goes around.
    out.push(state.clip ? `<g clip-path="url(#${state.clip})">${el}</g>` : el);
  };
  const line = () => ({
    fill: "none",
    stroke: rgb(state.strokeStyle),
    "stroke-width": short(state.lineWidth),
    "stroke-dasharray": state.dash.length ? state.dash.join(" ") : null,
  });
  const add = (/** @type {string} */ letter, /** @type {number[]} */ ...numbers) =>
    (path += letter + numbers.map(short).join(" "));
  const box = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ h) => ({
    x: short(x),
    y: short(y),
    width: short(w),
    height: short(h),
  });

  /** Letters. @param {string} s @param {number} x @param {number} y @param {Record<string, unknown>} ink */
  const written = (s, x, y, ink) => {
    // The top of the letters stays where it is when the baseline becomes the plain one.
    const top = drawing.measureText(s).actualBoundingBoxAscent;
    ruler.textBaseline = "alphabetic";
    y += ruler.measureText(s).actualBoundingBoxAscent - top;
    const anchor = { center: "middle", right: "end", end: "end" }[state.textAlign];
    ruler.font = state.font; // as the browser understood it
    const [, style, size, family] = /^(.*?)([\d.]+px)\S*\s+(.*)$/.exec(ruler.font) ?? ["", "", "10px", "sans-serif"];
    put(
      "text",
      {
        x: short(x),
        y: short(y),
        "font-size": size,
        "font-family": family.trim(),
        "font-weight": /bold|[6-9]00/.test(style) ? "bold" : null,
        "font-style": style.includes("italic") ? "italic" : null,
        "text-anchor": anchor,
        ...ink,
      },
      escape(s),
    );
  };
  const drawing = {
    canvas,
    save: () => void stack.push({ ...state }),
    restore: () => void (state = stack.pop() ?? state),
    scale: (/** @type {number} */ x, /** @type {number} */ y) => void turn([x, 0, 0, y, 0, 0]),
    translate: (/** @type {number} */ x, /** @type {number} */ y) => void turn([1, 0, 0, 1, x, y]),
    rotate: (/** @type {number} */ r) => void turn([Math.cos(r), Math.sin(r), -Math.sin(r), Math.cos(r), 0, 0]),
    setTransform: (/** @type {number[]} */ ...m) =>
      void (state.matrix = /** @type {Matrix} */ (m.length === 6 ? m : START().matrix)),
    resetTransform: () => void (state.matrix = START().matrix),
    setLineDash: (/** @type {number[]} */ dash) => void (state.dash = dash),
    getLineDash: () => state.dash,
    beginPath: () => void (path = ""),
    closePath: () => void (path += "Z"),
    moveTo: (/** @type {number} */ x, /** @type {number} */ y) => void add("M", x, y),
    lineTo: (/** @type {number} */ x, /** @type {number} */ y) => void add(path ? "L" : "M", x, y),
    quadraticCurveTo: (/** @type {number[]} */ ...p) => void add("Q", ...p),
    bezierCurveTo: (/** @type {number[]} */ ...p) => void add("C", ...p),
    rect(/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ h) {
      add("M", x, y);
      path += `h${short(w)}v${short(h)}h${short(-w)}Z`;
    },
    roundRect: (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ h) =>
      drawing.rect(x, y, w, h),
    arc(
      /** @type {number} */ x,
      /** @type {number} */ y,
      /** @type {number} */ r,
      /** @type {number} */ from,
      /** @type {number} */ to,
    ) {
      const whole = Math.abs(to - from) >= 2 * Math.PI - 1e-6;
      const end = whole ? from + Math.PI : to;
      add(path && !path.endsWith("Z") ? "L" : "M", x + r * Math.cos(from), y + r * Math.sin(from));
      add(
        "A",
        r,
        r,
        0,
        Number(Math.abs(end - from) > Math.PI),
        Number(end > from),
        x + r * Math.cos(end),
        y + r * Math.sin(end),
      );
      if (whole) add("A", r, r, 0, 0, 1, x + r * Math.cos(from), y + r * Math.sin(from));
    },
    fill: () => path && put("path", { d: path, fill: rgb(state.fillStyle) }),
    stroke: () => path && put("path", { d: path, ...line() }),
    clip() {
      const id = `clip${++clips}`;
      const transform = `matrix(${state.matrix.map(short).join(" ")})`;
      out.push(tag("clipPath", { id }, tag("path", { d: path, transform })));
      state.clip = id;
    },
    fillRect: (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ h) =>
      put("rect", { ...box(x, y, w, h), fill: rgb(state.fillStyle) }),
    strokeRect: (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ w, /** @type {number} */ h) =>
      put("rect", { ...box(x, y, w, h), ...line() }),
    clearRect() {},
    measureText(/** @type {string} */ s) {
      Object.assign(ruler, { font: state.font, textAlign: state.textAlign, textBaseline: state.textBaseline });
      return ruler.measureText(s);
    },
    fillText: (/** @type {string} */ s, /** @type {number} */ x, /** @type {number} */ y) =>
      written(s, x, y, { fill: rgb(state.fillStyle) }),
    strokeText: (/** @type {string} */ s, /** @type {number} */ x, /** @type {number} */ y) => written(s, x, y, line()),
    drawImage(/** @type {CanvasImageSource} */ source, /** @type {number[]} */ ...at) {
      const [sx, sy, sw, sh, dx, dy, dw, dh] = at;
      put("image", {
        ...box(dx, dy, dw, dh),
        preserveAspectRatio: "none",
        "image-rendering": "pixelated",
        href: picture(source, sx, sy, sw, sh),
      });
    },
    putImageData(/** @type {ImageData} */ data, /** @type {number} */ x, /** @type {number} */ y) {
      const { width, height } = data;
      const whole = document.createElement("canvas");
      Object.assign(whole, { width, height });
      whole.getContext("2d")?.putImageData(data, 0, 0);
      drawing.drawImage(whole, 0, 0, width, height, x, y, width, height);
    },
    svg: () => out.join(""),
  };
  const context = new Proxy(drawing, {
    get: (target, name) => Reflect.get(target, name) ?? Reflect.get(state, name),
    set: (_, name, value) => Reflect.set(state, name, value),
  });
  // A view that draws with what is not here throws in its test.
  return /** @type {ReturnType<typeof svgContext>} */ (/** @type {unknown} */ (context));
}

/** Numbers short enough for a file that people open. @param {number} x */
const short = (x) => Math.round(x * 1000) / 1000;

/**
 * A part of a picture as PNG, every pixel a small square, so that a program
 * which smooths pictures still shows cells.
 * @param {CanvasImageSource} source @param {number} sx @param {number} sy @param {number} w @param {number} h
 */
function picture(source, sx, sy, w, h) {
  const k = Math.max(1, Math.min(8, Math.floor(512 / Math.max(w, h))));
  const canvas = document.createElement("canvas");
  canvas.width = w * k;
  canvas.height = h * k;
  const ctx = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  ctx.imageSmoothingEnabled = false;
  ctx.drawImage(source, sx, sy, w, h, 0, 0, w * k, h * k);
  return canvas.toDataURL("image/png");
}
