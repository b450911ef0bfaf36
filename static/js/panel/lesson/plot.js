// A small plot of a curve that is drawn, alone or beside the one that came. It has the colours of the page, and tells
// the two apart by their lines and points as well.

const WIDE = 260; // in units of the picture
const TALL = 108;
const EDGE = 9; // that points stand off

/** @param {string} name @param {Record<string, string|number>} attributes @param {Element[]} [kids] */
function svg(name, attributes, kids = []) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, String(value));
  e.append(...kids);
  return e;
}

/** Where a point stands from the left. @param {number} i @param {number} n of so many */
const across = (i, n) => EDGE + ((WIDE - 2 * EDGE) * (i + 0.5)) / n;

/** What a point has that stands there, from 0 to 1. @param {number} down the share of the picture that is above it */
export const shareAt = (down) => Math.min(Math.max((TALL * (1 - down) - EDGE) / (TALL - 2 * EDGE), 0), 1);

/**
 * Lines through points, each from 0 to 1 of the height.
 * @param {{points: number[], kind: "given"|"came"}[]} lines @param {number} [at] the point that is in focus
 */
export function plot(lines, at = -1) {
  const drawn = lines.map(({ points, kind }) => {
    const places = points.map((p, i) => [across(i, points.length), TALL - EDGE - p * (TALL - 2 * EDGE)]);
    return svg("g", { class: kind }, [
      svg("polyline", { points: places.map((p) => p.join()).join(" ") }),
      ...places.map(([x, y], i) => {
        const r = i === at ? 6 : 3.5;
        return kind === "given"
          ? svg("circle", { cx: x, cy: y, r })
          : svg("rect", { x: x - r, y: y - r, width: 2 * r, height: 2 * r });
      }),
    ]);
  });
  const ground = svg("path", { class: "axis", d: `M${EDGE} ${EDGE}V${TALL - EDGE}H${WIDE - EDGE}` });
  return svg("svg", { viewBox: `0 0 ${WIDE} ${TALL}`, "aria-hidden": "true" }, [ground, ...drawn]);
}
