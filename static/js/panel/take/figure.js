// What is on screen as one SVG: boxes, real text and recorded canvases, each
// where the browser has laid it out.

import { svgContext } from "./context.js";
import { escape, paintBox, rgb, tag } from "./ink.js";

/** Elements that are for typing, or never seen. */
const SKIP = ["SCRIPT", "STYLE", "INPUT", "TEXTAREA", "OPTION", "DIALOG", "NOSCRIPT"];
/** Elements that are for pressing, which a slide does not have. */
const CONTROLS = ["BUTTON", "SELECT", "LABEL", "SUMMARY"];

const ruler = () => /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));

/**
 * Repaints canvases into SVG, and then onto themselves again.
 * @param {HTMLCanvasElement[]} canvases @param {(again: boolean) => void} repaint paints every view now
 * @returns {Map<Element, string>} what each canvas shows
 */
export function record(canvases, repaint) {
  const contexts = new Map(canvases.map((c) => [c, svgContext(c)]));
  const before = new Map(canvases.map((c) => [c, c.width && c.height ? c.toDataURL() : ""]));
  for (const [c, ctx] of contexts) Object.defineProperty(c, "getContext", { value: () => ctx, configurable: true });
  try {
    repaint(true);
  } finally {
    for (const c of canvases) Reflect.deleteProperty(c, "getContext");
  }
  /** @type {Map<Element, string>} */
  const shown = new Map();
  for (const [c, ctx] of contexts) {
    const drawn = ctx.svg();
    // A view that saw no reason to paint: its picture as it is.
    shown.set(
      c,
      drawn || (before.get(c) ? tag("image", { width: c.width, height: c.height, href: before.get(c) }) : ""),
    );
  }
  repaint(false);
  return shown;
}

/**
 * @param {Element[]} roots stand one under the other @param {Map<Element, string>} canvases from record
 * @param {{title: string, text: string, background: string, controls?: boolean}} about
 * @returns {{svg: string, width: number, height: number}}
 */
export function figure(roots, canvases, about) {
  const margin = 16;
  let width = 0;
  let top = margin;
  const skip = about.controls ? SKIP : [...SKIP, ...CONTROLS];
  const body = roots
    .map((root) => {
      const r = root.getBoundingClientRect();
      // Whole pixels, so that lines stay as sharp as on screen.
      const part = element(root, canvases, Math.round(r.left) - margin, Math.round(r.top) - top, skip);
      width = Math.max(width, Math.ceil(r.width) + 2 * margin);
      top += Math.ceil(deep(root, r)) + 12;
      return part;
    })
    .join("");
  const height = top + margin - 12;
  const says = tag("title", {}, escape(about.title)) + tag("desc", {}, escape(about.text));
  const paper = tag("rect", { width, height, fill: rgb(about.background) });
  const attributes = { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}` };
  const svg = tag("svg", attributes, says + paper + body) + "\n";
  return { svg, width, height };
}

/** What is drawn below the last matrix or word of a figure: brackets, and what they mean. */
const FOOT = 24;

/** How high the part of an element is in which something stands. @param {Element} root @param {DOMRect} r */
function deep(root, r) {
  const things = [...root.querySelectorAll("figure, p, li, tr")].filter((e) => e.checkVisibility());
  const ends = things.map((e) => e.getBoundingClientRect().bottom - r.top + FOOT);
  return ends.length ? Math.min(r.height, Math.max(...ends)) : r.height;
}

/**
 * @param {Element} el
 * @param {Map<Element, string>} canvases
 * @param {number} dx
 * @param {number} dy
 * @param {string[]} skip elements that are left out
 * @returns {string}
 */
function element(el, canvases, dx, dy, skip) {
  const style = getComputedStyle(el);
  if (
    skip.includes(el.tagName) ||
    style.display === "none" ||
    style.visibility === "hidden" ||
    Number(style.opacity) === 0
  )
    return "";
  const parent = el.parentElement;
  if (parent instanceof HTMLDetailsElement && !parent.open && el.tagName !== "SUMMARY") return "";
  const r = el.getBoundingClientRect();
  const b = { x: r.left - dx, y: r.top - dy, w: r.width, h: r.height };
  if (style.display !== "contents" && (b.w === 0 || b.h === 0) && !el.childElementCount) return "";
  let out = paintBox(style, b);
  if (el instanceof HTMLCanvasElement) {
    const drawn = canvases.get(el);
    return (
      out +
      (drawn
        ? tag("g", { transform: `translate(${b.x} ${b.y}) scale(${b.w / el.width} ${b.h / el.height})` }, drawn)
        : "")
    );
  }
  if (el instanceof SVGSVGElement) return out + icon(el, style, b);
  if (el instanceof HTMLSelectElement)
    return (
      out +
      words(el.selectedOptions[0]?.textContent ?? "", style, b.x + 8, b.y + b.h / 2 + parseFloat(style.fontSize) * 0.36)
    );
  out += pseudo(el, style, b) + mathLines(el, b, dx, dy, style);
  let inside = "";
  for (const child of el.childNodes) {
    if (child instanceof Element) inside += element(child, canvases, dx, dy, skip);
    else if (child instanceof Text) inside += lines(child, style, dx, dy);
  }
  if (inside && /auto|scroll|hidden|clip/.test(style.overflowX + style.overflowY)) {
    const id = `cut${Math.round(b.x)}_${Math.round(b.y)}_${Math.round(b.w)}`;
    const cut = tag("clipPath", { id }, tag("rect", { x: b.x, y: b.y, width: b.w, height: b.h }));
    inside = cut + tag("g", { "clip-path": `url(#${id})` }, inside);
  }
  if (el instanceof HTMLAnchorElement && /^https?:/.test(el.href)) inside = tag("a", { href: el.href }, inside);
  return style.opacity === "1" ? out + inside : `<g opacity="${style.opacity}">${out}${inside}</g>`;
}

/**
 * One text node, a <text> for each line that the browser broke it into.
 * @param {Text} node
 * @param {CSSStyleDeclaration} style
 * @param {number} dx
 * @param {number} dy
 */
function lines(node, style, dx, dy) {
  if (!node.data.trim()) return "";
  const range = document.createRange();
  const ctx = ruler();
  ctx.font = style.font || `${style.fontSize} ${style.fontFamily}`;
  const ascent = ctx.measureText("x").fontBoundingBoxAscent;
  const descent = ctx.measureText("x").fontBoundingBoxDescent;
  /** @type {{text: string, left: number, top: number, height: number}[]} */
  const found = [];
  let at = 0;
  for (const letter of node.data) {
    range.setStart(node, at);
    range.setEnd(node, (at += letter.length));
    const r = range.getClientRects()[0];
    if (!r || (r.width === 0 && !letter.trim())) continue;
    const last = found[found.length - 1];
    if (last && Math.abs(last.top - r.top) < 2) last.text += letter;
    else if (letter.trim()) found.push({ text: letter, left: r.left, top: r.top, height: r.height });
  }
  // Signs of a formula stand about its axis, whatever box their font gives them.
  const sign = node.parentElement?.localName === "mo" ? node.parentElement.getBoundingClientRect() : null;
  const baseline = (/** @type {{top: number, height: number}} */ l) =>
    sign
      ? sign.top + sign.height / 2 + 0.26 * parseFloat(style.fontSize)
      : l.top + (l.height - ascent - descent) / 2 + ascent;
  return found
    .map((l) => words(l.text.replace(/\s+$/, ""), style, l.left - dx, baseline(l) - dy, node.parentElement))
    .join("");
}

/**
 * @param {string} text
 * @param {CSSStyleDeclaration} style
 * @param {number} x
 * @param {number} y baseline
 * @param {Element|null} [of]
 */
function words(text, style, x, y, of) {
  const math = of?.localName === "mi" && [...text].length === 1 && of.getAttribute("mathvariant") !== "normal";
  return tag(
    "text",
    {
      x: x.toFixed(2),
      y: y.toFixed(2),
      fill: rgb(style.color),
      "font-family": style.fontFamily,
      "font-size": style.fontSize,
      "font-weight": style.fontWeight === "400" ? null : style.fontWeight,
      "font-style": math || style.fontStyle === "italic" ? "italic" : null,
      "letter-spacing": style.letterSpacing === "normal" ? null : style.letterSpacing,
      "text-decoration": style.textDecorationLine === "line-through" ? "line-through" : null,
      "xml:space": "preserve",
    },
    escape(text.replace(/[\n\t]/g, " ")),
  );
}

/**
 * Text that the stylesheet adds, and the triangle of a list that opens.
 * @param {Element} el
 * @param {CSSStyleDeclaration} style
 * @param {{x: number, y: number, w: number, h: number}} b
 */
function pseudo(el, style, b) {
  const before = getComputedStyle(el, "::before");
  const said = /^"(.*)"$/.exec(before.content)?.[1];
  const size = parseFloat(style.fontSize);
  const x = b.x + parseFloat(style.paddingLeft);
  let out = "";
  if (said?.trim()) {
    const middle = style.textAlign === "center";
    const ctx = ruler();
    ctx.font = before.font;
    out += words(
      said,
      before,
      middle ? b.x + (b.w - ctx.measureText(said).width) / 2 : x,
      b.y + b.h / 2 + parseFloat(before.fontSize) * 0.36,
    );
  } else if (said === "" && before.display === "inline-block" && parseFloat(before.width) > 0) {
    const [w, h] = [parseFloat(before.width), parseFloat(before.height)];
    out += paintBox(before, { x, y: b.y + size * 1.1 - h, w, h });
  }
  if (el.tagName === "SUMMARY" && style.display === "list-item") {
    const y = b.y + b.h / 2;
    const open = /** @type {HTMLDetailsElement} */ (el.parentElement).open;
    out += tag("path", {
      d: open ? `M${x} ${y - 3}h9l-4.5 7z` : `M${x + 1} ${y - 4.5}v9l7 -4.5z`,
      fill: rgb(style.color),
    });
  }
  return out;
}

/**
 * The line of a fraction and the sign of a root.
 * @param {Element} el
 * @param {{x: number, y: number, w: number, h: number}} b
 * @param {number} dx
 * @param {number} dy
 * @param {CSSStyleDeclaration} style
 */
function mathLines(el, b, dx, dy, style) {
  const pen = { fill: "none", stroke: rgb(style.color), "stroke-width": 1 };
  const [first, second] = [...el.children].map((c) => c.getBoundingClientRect());
  if (el.localName === "mfrac") {
    const y = (first.bottom + second.top) / 2 - dy;
    return tag("path", { d: `M${b.x + 1} ${y}h${b.w - 2}`, ...pen });
  }
  if (el.localName === "msqrt" && first) {
    const x = first.left - dx;
    const hook = `M${b.x + 1} ${b.y + b.h * 0.6}l${(x - b.x) * 0.25} -2L${x - (x - b.x) * 0.35} ${b.y + b.h}`;
    return tag("path", { d: `${hook}L${x - 1} ${b.y + 1}H${b.x + b.w}`, ...pen });
  }
  return "";
}

/**
 * @param {SVGSVGElement} el
 * @param {CSSStyleDeclaration} style
 * @param {{x: number, y: number, w: number, h: number}} b
 */
function icon(el, style, b) {
  const shapes = [...el.querySelectorAll("path, circle, rect, line, polyline, polygon, text")]
    .filter((s) => getComputedStyle(s).display !== "none")
    .map((s) => {
      const look = getComputedStyle(s);
      const copy = /** @type {Element} */ (s.cloneNode(true));
      copy.removeAttribute("class");
      copy.setAttribute("fill", rgb(look.fill));
      if (look.stroke !== "none") copy.setAttribute("stroke", rgb(look.stroke));
      return new XMLSerializer().serializeToString(copy).replace(/ xmlns="[^"]*"/, "");
    })
    .join("");
  return tag("svg", { x: b.x, y: b.y, width: b.w, height: b.h, viewBox: el.getAttribute("viewBox") }, shapes);
}
