// The question marks of the page: one entry and its messages each. The question is the message
// ask.ID, its lines are ask.ID.LINE; what numbers a line shows stands in its message
// (numbers.js), and a line whose numbers a moment does not have is left out.

import { hasLane } from "../../facts/lanes.js";
import { masked } from "./numbers.js";

/** @import { Frame, Meta } from "../../types.js" */

/**
 * @typedef {object} Why
 * @property {string} id
 * @property {(meta: Meta) => string[]} [title] what follows ask.ID in the message that asks, where runs differ in that
 * @property {string} [after] selector of what its question mark stands after
 * @property {string} [in] selector of what it stands in, at the end: one of the two
 * @property {(meta: Meta) => string[]} lines what it says at a moment
 * @property {(meta: Meta) => boolean} [of] which runs have it; all, if left out
 * @property {string[]} [see] places that show it
 * @property {string} [asks] panel whose data its numbers are of
 * @property {Record<string, (frame: Frame) => {op: string, row: number, col: number}>} [cells] of the stage, whose
 * explanation shows it: message ask.ID.cell.NAME
 */

/** @param {Meta} meta */
const both = ({ run: { recipe } }) => hasLane(recipe.lanes, "cached") && hasLane(recipe.lanes, "uncached");

/** The newest row of a matrix with a row for each position. @param {Frame} frame */
const newest = ({ meta: { pick_step: s } }) => (s ? s.cached + s.rows - 1 : 0);

/** The message that asks. @param {Why} why @param {Meta} meta */
export const titleOf = (why, meta) => ["ask", why.id, ...(why.title?.(meta) ?? [])].join(".");

/** @param {Meta} meta @param {string} id @returns {string} the line about one sequence, or that about several */
const each = ({ peers }, id) => (peers ? `${id}.all` : id);

/** @type {Why[]} */
export const WHYS = [
  { id: "phase", in: "#sentence", lines: () => ["says", "weights", "now"], see: ["timeline"] },
  {
    id: "q",
    after: '#stage [data-op="Q"][data-lane="cached"] .role',
    lines: (meta) => ["says", "later", each(meta, "now")],
    see: ["cache"],
  },
  {
    id: "mask",
    after: '#stage [data-op="probs"][data-lane="cached"] figcaption math',
    lines: (meta) => ["says", "softmax", masked(meta) ? "now" : "none"],
    see: ["stage-probs"],
  },
  {
    id: "same",
    in: '[data-testid="lamp"]',
    of: both,
    title: ({ run }) => (run.policy.exact ? [] : ["differ"]),
    lines: ({ run, step, peers }) =>
      run.policy.exact
        ? ["says", "old", ...(step?.identical && step.compared === undefined ? ["now"] : []), "breaks"]
        : [...(run.policy.keeps ? ["evicts", ...(peers ? [] : ["fewer"])] : ["rounds"]), "lossy"],
    cells: {
      own: (frame) => ({ op: "K", row: newest(frame), col: 0 }),
      earlier: ({ meta }) => ({ op: "out", row: (meta.pick_step?.rows ?? 1) - 1, col: 0 }),
    },
  },
  { id: "bytes", in: "#cache .figures", lines: (meta) => ["says", "product", each(meta, "now")], see: ["cache"] },
  {
    id: "gqa",
    in: "#cache .on-stage",
    of: ({ run }) => run.config.heads > 1,
    lines: ({ run }) => ["says", run.config.kv_heads < run.config.heads ? "shared" : "own"],
    see: ["cache-shape", "heads"],
  },
  {
    id: "memory",
    in: "#memory",
    lines: (meta) =>
      meta.run.policy.keeps ? ["keeps"] : ["says", meta.peers ? "all" : meta.use?.budget ? "budget" : "free"],
    see: ["memory"],
  },
  {
    id: "growth",
    in: "#history > .switches",
    of: both,
    lines: () => ["says", "sum", "now", "total"],
    see: ["history"],
  },
  {
    id: "bound",
    in: '[data-testid="ledger-step"] h3',
    asks: "roofline",
    lines: ({ modelled: m }) => [
      "says",
      "now",
      "device",
      ...(m ? [(m.step.cached ?? m.step.uncached)?.bound === "compute" ? "compute" : "memory"] : []),
    ],
    see: ["counters"],
  },
  {
    id: "draft",
    in: "#speculation h2",
    of: ({ run }) => !!run.recipe.draft,
    lines: () => ["says", "tokens", "bytes", "flops", "paid"],
    see: ["speculation"],
  },
  {
    id: "choice",
    in: "#tokens h2",
    lines: ({ run, top, choice }) => [
      "says",
      !top?.length ? "wait" : run.recipe.sampler.kind === "greedy" ? "greedy" : choice ? "draw" : "chosen",
    ],
    see: ["tokens", "sampling"],
  },
];
