// Colours, gradients and borders of the stylesheet, as SVG says them.

/** @import { Box } from "../../types.js" */

/** Text that XML can hold. @param {string|number} s */
export const escape = (s) =>
  String(s)
    .replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`)
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "");

/** @typedef {Record<string, string|number|null|undefined>} Attributes null and "" are left out */

/**
 * An element of SVG.
 * @param {string} name
 * @param {Attributes} attributes
 * @param {string} [inside] XML
 */
export function tag(name, attributes, inside = "") {
  const said = Object.entries(attributes)
    .map(([key, v]) => (v === null || v === undefined || v === "" ? "" : ` ${key}="${escape(v)}"`))
    .join("");
  return `<${name}${said}${inside ? `>${inside}</${name}>` : "/>"}`;
}

/** @type {Map<string, string>} */
const known = new Map();

/**
 * Any CSS colour as #rrggbb or rgba(): programs other than browsers know no others.
 * @param {string} color
 */
export function rgb(color) {
  const css = String(color);
  if (/^#[0-9a-f]{6}$/i.test(css)) return css;
  let found = known.get(css);
  if (found === undefined) {
    const ctx = /** @type {CanvasRenderingContext2D} */ (
      Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d")
    );
    ctx.fillStyle = css;
    ctx.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = ctx.getImageData(0, 0, 1, 1).data;
    found =
      a === 0
        ? "none"
        : a === 255
          ? "#" + [r, g, b].map((v) => v.toString(16).padStart(2, "0")).join("")
          : `rgba(${r},${g},${b},${(a / 255).toFixed(3)})`;
    known.set(css, found);
  }
  return found;
}

let made = 0;

/**
 * The fill of a box whose background is a gradient of the stylesheet: a ramp
 * from left to right, or diagonal hatching. "" when it is neither.
 * @param {string} css computed background-image @returns {{fill: string, defs: string}|null}
 */
export function gradient(css) {
  const inside = /^(repeating-)?linear-gradient\((.*)\)$/.exec(css);
  if (!inside) return null;
  const parts = split(inside[2]);
  const stops = parts
    .filter((p) => !/deg|^to |^in /.test(p) || /\(/.test(p))
    .map((p) => {
      const [, color, ...at] = /^(.*?)((?:\s+[\d.]+(?:px|%))*)$/.exec(p.trim()) ?? ["", p, ""];
      return { color: rgb(color), at: at.join(" ").trim().split(/\s+/).filter(Boolean).map(parseFloat) };
    });
  const id = `ink${++made}`;
  if (!inside[1]) {
    const list = stops.map((s, i) => tag("stop", { offset: i / (stops.length - 1), "stop-color": s.color })).join("");
    return { fill: `url(#${id})`, defs: `<linearGradient id="${id}">${list}</linearGradient>` };
  }
  // Stripes: each colour from its first stop to its last.
  const last = Math.max(...stops.flatMap((s) => s.at));
  const bands = [];
  for (let i = 0; i < stops.length; i++) {
    const { color, at } = stops[i];
    if (at.length === 2) bands.push([color, at[0], at[1]]);
    else if (stops[i + 1]?.color === color) bands.push([color, at[0], stops[++i].at[0]]);
  }
  const rects = bands
    .map(([color, from, to]) =>
      tag("rect", { x: from, y: 0, width: Number(to) - Number(from), height: last, fill: color }),
    )
    .join("");
  return {
    fill: `url(#${id})`,
    defs: tag(
      "pattern",
      { id, width: last, height: last, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      rects,
    ),
  };
}

/** Splits at the commas that stand in no brackets. @param {string} s */
function split(s) {
  const parts = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < s.length; i++) {
    if (s[i] === "(") depth++;
    else if (s[i] === ")") depth--;
    else if (s[i] === "," && depth === 0) {
      parts.push(s.slice(from, i).trim());
      from = i + 1;
    }
  }
  return [...parts, s.slice(from).trim()];
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} w
 * @param {number} h
 * @param {number[]} radii clockwise from the top left
 */
function rounded(x, y, w, h, [a, b, c, d]) {
  const arc = (/** @type {number} */ r, /** @type {number} */ dx, /** @type {number} */ dy) =>
    r ? `a${r} ${r} 0 0 1 ${dx} ${dy}` : "";
  const n = (/** @type {number} */ v) => Math.round(v * 100) / 100;
  return (
    `M${n(x + a)} ${n(y)}h${n(w - a - b)}${arc(b, b, b)}v${n(h - b - c)}${arc(c, -c, c)}` +
    `h${n(c + d - w)}${arc(d, -d, -d)}v${n(a + d - h)}${arc(a, a, -a)}z`
  );
}

/**
 * Background, border and outline of one element.
 * @param {CSSStyleDeclaration} style @param {Box} b
 */
export function paintBox(style, b) {
  let out = "";
  const radii = [
    style.borderTopLeftRadius,
    style.borderTopRightRadius,
    style.borderBottomRightRadius,
    style.borderBottomLeftRadius,
  ].map((r) => Math.min(parseFloat(r) * (r.endsWith("%") ? b.h / 100 : 1) || 0, b.h / 2, b.w / 2));
  const rect = (/** @type {number} */ grow) => ({
    d: rounded(b.x - grow, b.y - grow, Math.max(b.w + 2 * grow, 0), Math.max(b.h + 2 * grow, 0), radii),
  });
  const fill = rgb(style.backgroundColor);
  if (fill !== "none") out += tag("path", { ...rect(0), fill });
  const ramp = gradient(style.backgroundImage);
  if (ramp) out += ramp.defs + tag("path", { ...rect(0), fill: ramp.fill });
  const [shadow] = split(style.boxShadow);
  const ring = /^(.*?) (-?[\d.]+)px (-?[\d.]+)px 0px ([\d.]+)px( inset)?$/.exec(shadow);
  if (ring && Number(ring[4]) > 0 && !ring[5])
    out += tag("path", { ...rect(Number(ring[4]) / 2), fill: "none", stroke: rgb(ring[1]), "stroke-width": ring[4] });
  if (ring?.[5] && Number(ring[3]) < 0)
    out += tag("rect", {
      x: b.x,
      y: b.y + b.h + Number(ring[3]),
      width: b.w,
      height: -Number(ring[3]),
      fill: rgb(ring[1]),
    });
  const sides = /** @type {const} */ (["Top", "Right", "Bottom", "Left"])
    .map((side) => ({
      side,
      width: parseFloat(style[`border${side}Width`]),
      color: rgb(style[`border${side}Color`]),
      kind: style[`border${side}Style`],
    }))
    .filter((s) => s.width > 0 && s.kind !== "none" && s.color !== "none");
  const pen = (/** @type {typeof sides[0]} */ s) => ({
    stroke: s.color,
    "stroke-width": s.width,
    "stroke-dasharray": s.kind === "dashed" ? `${2 * s.width + 1} ${2 * s.width}` : null,
  });
  if (sides.length === 4) return out + tag("path", { ...rect(-sides[0].width / 2), fill: "none", ...pen(sides[0]) });
  for (const s of sides) {
    const [x1, y1, x2, y2] = { Top: [0, 0, 1, 0], Right: [1, 0, 1, 1], Bottom: [0, 1, 1, 1], Left: [0, 0, 0, 1] }[
      s.side
    ];
    out += tag("line", { x1: b.x + x1 * b.w, y1: b.y + y1 * b.h, x2: b.x + x2 * b.w, y2: b.y + y2 * b.h, ...pen(s) });
  }
  return out;
}
