// Who is who in a run of several sequences.

import { isolate } from "../text.js";

/** @import { Frame, Meta, T, With } from "../types.js" */

/** Has the run several sequences? @param {Frame} frame @returns {frame is With<"peers">} */
export const isSeveral = (frame) => !!frame.meta.peers;

/**
 * What the pass computes, of each of its sequences: new rows, and the tokens that were cached. None before the first.
 * @param {Meta} meta of a frame @returns {{rows: number, cached: number}[]}
 */
export const passOf = ({ peers, step }) => (step ? (peers?.pass ?? [step]) : []);

/** A sum over them. @param {Meta} meta @param {(pass: {rows: number, cached: number}) => number} of */
export const sumOf = (meta, of) => passOf(meta).reduce((n, p) => n + of(p), 0);

/** Is it a batch? @param {Frame} frame @returns {frame is With<"peers"|"schedule">} */
export const isBatch = (frame) => !!frame.meta.schedule && isSeveral(frame);

/** "request 2", "beam 1". @param {With<"peers">} frame @param {number} seq @param {T} t */
export const seqName = (frame, seq, t) => t(`seq.${frame.meta.peers.kind}`, { N: seq });

/** The prompt of a request. @param {Frame} frame @param {number} [seq] */
export function promptOf({ meta: { run, peers } }, seq = peers?.seq ?? 0) {
  const asked = (peers?.kind === "batch" && run.recipe.batch?.requests?.[seq - 1]) || run.recipe;
  return isolate(asked.prompt || (asked.tokens ?? []).join(" "));
}

/** The numbers of all sequences that can be looked at. @param {Frame} frame @returns {number[]} */
export function sequences({ meta: { peers, schedule } }) {
  if (!peers) return [0];
  return schedule ? schedule.requests.map((_, i) => i) : peers.pass.map((p) => p.seq);
}
