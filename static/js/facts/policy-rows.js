// What the cache policy did to a row: evicted and before which token, kept as a
// sink, as recent or by choice, in which block, with which error. No DOM.

import { keptOf, mostOf } from "./policy.js";
import { cell as short, sentences } from "../format.js";

/** @import { Explain, Frame, Row, T } from "../types.js" */

/**
 * One more than the position of the token before which a row was evicted; 0 if it is kept.
 * @param {Frame} frame @param {number} layer @param {number} head @param {number} p
 * @returns {number}
 */
export function goneBefore({ tensors }, layer, head, p) {
  const x = tensors.cache_gone;
  if (!x || p >= x.shape[2]) return 0;
  const [, heads, positions] = x.shape; // a window evicts alike in all heads
  return x.data[(layer * heads + (heads === 1 ? 0 : head)) * positions + p];
}

/**
 * Had the cache let position p go before the query of an explained cell?
 * @param {Frame} frame
 * @param {Explain} e
 * @param {number} p
 */
export function goneFor(frame, e, p) {
  const { config } = frame.meta.run;
  const { layer, cached } = e.steps[e.step];
  if (e.lane) return false; // the one without a cache
  const before =
    layer === null ? 0 : goneBefore(frame, layer, Math.floor((e.head * config.kv_heads) / config.heads), p);
  return before > 0 && before <= cached + e.row + 1;
}

/**
 * Why a row is there: "gone", "sink", "recent", "chosen", or "" where the policy makes no difference.
 * @param {Frame} frame @param {{layer: number, head: number, position: number}} row
 */
export function stateOf(frame, { layer, head, position }) {
  const { kv, run } = frame.meta;
  const { keeps } = run.policy;
  const held = kv.lens[layer];
  if (position >= held || !keeps) return "";
  if (goneBefore(frame, layer, head, position)) return "gone";
  const [first, newest] = keeps;
  if (position < first) return "sink";
  return position >= held - newest ? "recent" : held > mostOf(keeps) ? "chosen" : "";
}

/** How many tokens of a layer each of its heads still has. @param {Frame} frame @param {number} layer */
export const keptTokens = ({ meta }, layer) => keptOf(meta.run, meta.kv.lens[layer]);

/** Rows evicted so far, one for each K/V head and layer. @param {Frame} frame */
export function countGone({ tensors, meta }) {
  const x = tensors.cache_gone;
  if (!x) return 0;
  let n = 0;
  for (const g of x.data) if (g) n++;
  return x.shape[1] === 1 ? n * meta.run.config.kv_heads : n;
}

/**
 * The largest error of a quantised row and its scale; null where the frame does not say.
 * @param {Frame} frame @param {Row} row @returns {{error: number, scale: number|null}|null}
 */
export function codedRow({ tensors, meta }, { side, layer, head, position }) {
  const x = tensors.cache_error;
  if (!x) return null;
  const [, layers, heads, positions] = x.shape;
  const l = layers === 1 && meta.run.config.layers > 1 ? (layer === meta.pick.layer ? 0 : -1) : layer;
  if (l < 0 || position >= positions) return null;
  const at = ((side * layers + l) * heads + head) * positions + position;
  return {
    error: (x.data[at] / 255) * (meta.use?.max_error ?? 0),
    scale: tensors.cache_scale ? tensors.cache_scale.data[at] : null,
  };
}

/** The attention a row of the layer on the stage has received; null of others. @param {Frame} frame @param {Row} row */
function received({ tensors, meta }, { layer, head, position }) {
  const x = tensors.cache_received;
  return x && layer === meta.pick.layer && position < x.shape[1] ? x.data[head * x.shape[1] + position] : null;
}

/** What the policy did to a row, in words; "" if nothing. @param {Frame} frame @param {Row} row @param {T} t */
export function keptSentence(frame, row, t) {
  const { run, kv, use } = frame.meta;
  const { block, keeps, bits } = run.policy;
  if (row.position >= kv.lens[row.layer]) return "";
  if (block && use?.table) {
    return t("cache.row.block", {
      Slot: row.position % block,
      Block: use.table[Math.floor(row.position / block)],
    });
  }
  if (bits) {
    const coded = codedRow(frame, row);
    if (!coded) return "";
    if (coded.scale === 0 || (row.side === 0 && use?.settled !== undefined && row.position >= use.settled))
      return t("cache.row.float");
    return t(coded.scale === null ? "cache.row.coded.brief" : "cache.row.coded", {
      Error: short(coded.error),
      Scale: short(coded.scale ?? 0),
    });
  }
  const { kind } = run.recipe.cache; // as part of an id
  const state = stateOf(frame, row);
  const attention = received(frame, row);
  const args = {
    Token: goneBefore(frame, row.layer, row.head, row.position) - 1,
    Sinks: keeps?.[0],
    Window: keeps?.[1],
    Attention: attention === null ? "" : short(attention),
  };
  if (state === "gone") return t(`cache.row.gone.${kind}${attention === null ? "" : ".attention"}`, args);
  if (!state) return "";
  const why = t(state === "chosen" ? `cache.row.chosen.${kind}` : `cache.row.${state}`, args);
  return sentences(why, attention === null ? "" : t("cache.row.attention", args));
}

/**
 * Columns that a policy adds to the table of a layer's rows: titles, and what stands in them.
 * @param {Frame} frame @param {number} layer @param {T} t
 * @returns {{titles: string[], of: (position: number) => string[]}}
 */
export function keptColumns(frame, layer, t) {
  const { run, use } = frame.meta;
  const { block, keeps, bits } = run.policy;
  const { kind } = run.recipe.cache; // as part of an id
  const heads = Array.from({ length: run.config.kv_heads }, (_, h) => h);
  const { table } = use ?? {};
  if (block && table) return { titles: [t("cache.column.block")], of: (at) => [String(table[Math.floor(at / block)])] };
  if (keeps) {
    return {
      titles: heads.map((h) => t("cache.column.state.of", { Head: h })),
      of: (at) =>
        heads.map((head) => {
          const state = stateOf(frame, { layer, head, position: at });
          const id = state === "chosen" ? `cache.state.chosen.${kind}` : `cache.state.${state}`;
          return state ? t(id, { Token: goneBefore(frame, layer, head, at) - 1 }) : "";
        }),
    };
  }
  if (!bits || !frame.tensors.cache_error) return { titles: [], of: () => [] };
  const sides = [0, 1].flatMap((side) => heads.map((head) => ({ side, head })));
  const scaled = !!frame.tensors.cache_scale;
  return {
    titles: sides.flatMap(({ side, head }) =>
      ["error", ...(scaled ? ["scale"] : [])].map((c) => t(`cache.column.${c}`, { Side: "KV"[side], Head: head })),
    ),
    of: (at) =>
      sides.flatMap(({ side, head }) => {
        const coded = codedRow(frame, { side, layer, head, position: at });
        return coded ? [short(coded.error), ...(scaled ? [coded.scale ? short(coded.scale) : "–"] : [])] : [];
      }),
  };
}
