// Which colours and patterns the picture has at a step, so that its legend names no other.

import { EVICTED, LATER, PAIRS } from "../wire/triangle.js";
import { hidden, lanesOf, numbersOf } from "./matrices.js";

/** @import { Frame } from "../types.js" */

/** @typedef {"signed"|"share"|"masked"|"gone"|"again"|"cached"|"new"} Pattern */

/** Ops whose numbers are not below zero: shares of one. */
export const SHARES = new Set(["probs", "mask", "chances"]);

/** @param {Frame} frame @returns {Set<Pattern>} */
export function patterns(frame) {
  return frame.meta.op ? ofOp(frame, frame.meta.op) : ofLanes(frame);
}

/** Of the overview: both lanes, from Q to the output. @param {Frame} frame */
function ofLanes(frame) {
  const lanes = lanesOf(frame);
  /** @type {Set<Pattern>} */
  const found = new Set();
  for (const lane of lanes) {
    if (lane.told && numbersOf(frame, lane.lane, "scores")) found.add("signed").add("share");
    if (lane.cached > 0) found.add("again");
    const { masked, gone } = hidden(frame, lane, "scores");
    for (const [name, is] of /** @type {const} */ ([
      ["gone", gone],
      ["masked", (/** @type {number} */ r, /** @type {number} */ c) => !gone?.(r, c) && masked?.(r, c)],
    ]))
      if (!found.has(name) && is && some(lane.rows, lane.columns, is)) found.add(name);
  }
  if (lanes.some((l) => l.lane === "cached")) shelf(frame, found);
  return found;
}

/** Of one op: its operands and what it makes. @param {Frame} frame @param {NonNullable<Frame["meta"]["op"]>} op */
function ofOp(frame, op) {
  const names = [op.id, ...op.inputs.map((x) => x.op)];
  const { mask } = frame.tensors;
  /** @type {Set<Pattern>} */
  const found = new Set();
  if (names.some((x) => !SHARES.has(x))) found.add("signed");
  if (names.some((x) => SHARES.has(x))) found.add("share");
  if (mask && names.some((x) => PAIRS.has(x))) {
    if (mask.data.includes(LATER)) found.add("masked");
    if (mask.data.includes(EVICTED)) found.add("gone");
  }
  if (names.some((x) => x === "K" || x === "V")) shelf(frame, found);
  return found;
}

/** What stands beside K and V. @param {Frame} frame @param {Set<Pattern>} found */
function shelf(frame, found) {
  if (frame.meta.pick_step?.cached) found.add("cached");
  found.add("new");
}

/** @param {number} rows @param {number} cols @param {(r: number, c: number) => boolean|undefined} is */
function some(rows, cols, is) {
  for (let r = 0; r < rows; r++) for (let c = cols - 1; c >= 0; c--) if (is(r, c)) return true;
  return false;
}
