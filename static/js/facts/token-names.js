// Names of the tokens that a pass was fed. A draft's proposals are among them:
// they say so until the model has decided, and then what it decided.

import { isolate } from "../text.js";

/** @import { Frame, Meta, T, Token } from "../types.js" */

/**
 * Proposals among the rows of the pass whose matrices are on the stage.
 * @param {Frame} frame @returns {Token[]}
 */
export function guesses({ meta: { pick_step: from, step, speculation } }) {
  if (!from) return [];
  return (from.pass === step?.pass ? speculation?.proposed : from.proposed) ?? [];
}

/**
 * A proposal's name as it stands beside its row.
 * @param {Meta} meta @param {Token} token @param {number} i @param {boolean} decided in this pass
 */
function mark({ speculation: s }, [, name], i, decided) {
  const label = isolate(name);
  if (!decided || !s?.token) return `${label}?`;
  if (i < s.stays) return `${label} ✓`;
  return s.verdicts?.[i] && !s.verdicts[i].accepted ? `${label} ✗` : `(${label})`;
}

/**
 * @param {Meta} meta @param {{cached: number, rows: number}} pass @param {Token[]} proposed @param {boolean} decided
 * @returns {string[]}
 */
function names(meta, { cached, rows }, proposed, decided) {
  const all = meta.tokens.map((x) => isolate(x[1]));
  if (!proposed.length) return all;
  return [...all.slice(0, cached + rows - proposed.length), ...proposed.map((x, i) => mark(meta, x, i, decided))];
}

/** Of every position of the pass on the stage; where no cache is kept, of the cursor's. @param {Frame} frame */
export function onStage(frame) {
  const { pick_step: from, step } = frame.meta;
  if (!from) return frame.meta.without ? frame.meta.tokens.map((x) => isolate(x[1])) : [];
  return names(frame.meta, from, guesses(frame), from.pass === step?.pass);
}

/**
 * A token as a sentence names it, with its position, since two may look alike; "" where there is none.
 * @param {Frame} frame @param {number} position @param {T} t
 */
export function tokenAt(frame, position, t) {
  const Token = onStage(frame)[position];
  return Token === undefined ? "" : t("token.at", { Token, Position: position });
}

/** Of every position of the cursor's pass, which is in the cache. @param {Frame} frame */
export const inCache = ({ meta }) => (meta.step ? names(meta, meta.step, meta.speculation?.proposed ?? [], true) : []);
