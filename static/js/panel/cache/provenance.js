// Where a row of the cache comes from, in words and as a table.

import { inCache } from "../../facts/token-names.js";
import { cell as short, sentences } from "../../format.js";
import { waits } from "../../facts/lanes.js";
import { goneBefore, keptColumns, keptSentence } from "../../facts/policy-rows.js";
import { el, line } from "../../ui/dom.js";

/** @import { Frame, Meta, Ref, Row, T, Tensor } from "../../types.js" */

const SIDES = ["K", "V"];
const ABSENT = { pass: -1, reads: 0, again: 0, size: 0 };

/**
 * What the frame knows of one row; null without the rows' data.
 * @param {Frame} frame @param {Row} row
 */
export function history(frame, { side, layer, head, position }) {
  const { tensors, meta } = frame;
  const { rows, [side ? "cache_v" : "cache_k"]: sizes } = tensors;
  if (!rows || !sizes) return null;
  const [, layers, positions] = rows.shape;
  if (position >= positions) return ABSENT;
  const of = (/** @type {number} */ kind) => rows.data[(kind * layers + layer) * positions + position];
  const size =
    (sizes.data[(layer * sizes.shape[1] + head) * positions + position] / 255) * meta.kv[side ? "max_v" : "max_k"];
  const gone = goneBefore(frame, layer, head, position);
  return { pass: of(0) - 1, reads: gone ? readBefore(rows, layer, position, gone) : of(1), again: of(2), size };
}

/**
 * How many later passes read a row before it was evicted for token gone: those that
 * wrote the positions in between.
 * @param {Tensor} rows @param {number} layer @param {number} position @param {number} gone
 */
function readBefore(rows, layer, position, gone) {
  const [, , positions] = rows.shape;
  const pass = (/** @type {number} */ p) => rows.data[layer * positions + p];
  /** @type {Set<number>} */
  const later = new Set();
  for (let p = position + 1; p < gone - 1; p++) if (pass(p) > pass(position)) later.add(pass(p));
  return later.size;
}

/** @param {number} pass @param {T} t @param {Meta} meta */
const where = (pass, t, meta) =>
  t(meta.schedule ? "where.pass" : pass === 0 ? "where.prefill" : "where.decode", { Pass: pass });

/** @param {Frame} frame @param {Row} row @param {T} t */
export function sentence(frame, row, t) {
  const h = history(frame, row);
  const names = { Side: SIDES[row.side], Layer: row.layer, Head: row.head, Position: row.position };
  if (!h) return "";
  if (h.pass < 0) return t("cache.empty", names);
  const alone = frame.meta.run.recipe.lanes === "cached";
  const both = waits(frame.meta) ? "cache.row.counted" : "cache.row";
  const said = t(alone ? "cache.row.alone" : both, {
    ...names,
    Token: inCache(frame)[row.position] ?? "",
    Where: where(h.pass, t, frame.meta),
    Count: h.reads,
    Reads: h.reads,
    Again: h.again,
    Size: short(h.size),
  });
  return sentences(said, keptSentence(frame, row, t));
}

/**
 * The rows of one layer.
 * @param {HTMLTableElement} table
 * @param {Frame} frame
 * @param {number} layer
 * @param {T} t
 */
export function fill(table, frame, layer, t) {
  const { tensors, meta } = frame;
  if (!tensors.rows) return table.replaceChildren();
  const heads = Array.from({ length: meta.run.config.kv_heads }, (_, h) => h);
  const sizes = SIDES.flatMap((side) => heads.map((h) => t("cache.column.size", { Side: side, Head: h })));
  const policy = keptColumns(frame, layer, t);
  const titles = ["position", "token", "written", "read", "again"].map((c) => t(`cache.column.${c}`));
  const names = inCache(frame);
  const rows = Array.from({ length: meta.kv.lens[layer] }, (_, p) => {
    const of = (/** @type {number} */ side, /** @type {number} */ h) =>
      history(frame, { side, layer, head: h, position: p }) ?? ABSENT;
    const { pass, again } = of(0, 0);
    const reads = [...new Set(heads.map((h) => of(0, h).reads))].join(" · "); // heads evict at different times
    return line([
      String(p),
      names[p],
      where(pass, t, meta),
      reads,
      String(again),
      ...policy.of(p),
      ...[0, 1].flatMap((side) => heads.map((h) => short(of(side, h).size))),
    ]);
  });
  table.replaceChildren(el("thead", line([...titles, ...policy.titles, ...sizes], true)), el("tbody", rows));
}

/**
 * The number that a row begins with, at the latest step of its layer; null where it is not in the cache then.
 * @param {Frame} frame @param {Row} row
 * @returns {Ref|null}
 */
export function refOf(frame, { side, layer, head, position }) {
  const { step, run, kv } = frame.meta;
  const { layers, heads, kv_heads: groups } = run.config;
  if (!step || position >= kv.lens[layer] || goneBefore(frame, layer, head, position)) return null;
  const ran = step.pass * (layers + 1) + layer;
  const n = ran <= step.n ? ran : ran - layers - 1; // this pass has not come to it yet
  return n < 0 ? null : { step: n, op: SIDES[side], head: (head * heads) / groups, row: position, col: 0 };
}
