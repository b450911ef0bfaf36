// Colours of the current theme, read from the stylesheet so that canvases and
// words agree; ramps are made once per theme.

import { ramp } from "../scale/color.js";

/** @import { Colors, Theme } from "../types.js" */

const NAMES = [
  "surface",
  "ink",
  "muted",
  "line",
  "hatch",
  "cached",
  "uncached",
  "fresh",
  "good",
  "bad",
  "seq0",
  "seq1",
  "seq2",
  "neg",
  "neg1",
  "zero",
  "pos1",
  "pos",
];

/** @returns {Theme} */
export function readTheme() {
  const style = getComputedStyle(document.documentElement);
  /** @type {Colors} */
  const colors = {};
  for (const name of NAMES) colors[name] = style.getPropertyValue(`--${name}`).trim();
  const em = parseFloat(style.fontSize);
  const least = parseFloat(style.getPropertyValue("--label")) || 0; // while somebody presents
  return {
    colors,
    em,
    font: `${Math.max(Math.round(em * 0.76), least)}px ${style.fontFamily}`,
    sequential: ramp([colors.seq0, colors.seq1, colors.seq2]),
    diverging: ramp([colors.neg, colors.neg1, colors.zero, colors.pos1, colors.pos]),
    reads: ramp([colors.seq0, colors.cached]),
    again: ramp([colors.seq0, colors.uncached]),
  };
}
