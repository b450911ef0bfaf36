// One sentence for each thing that the cache policy did in a step.

import { inCache } from "../../facts/token-names.js";
import { goneBefore } from "../../facts/policy-rows.js";
import { sentences } from "../../format.js";

/** @import { Frame, T } from "../../types.js" */

const NAMED = 4; // tokens that are told one by one

/**
 * What the layer of this step evicted in it: positions and K/V heads.
 * @param {Frame} frame @returns {{position: number, head: number}[]}
 */
export function evicted(frame) {
  const { step, run } = frame.meta;
  if (!step || step.layer === null || !frame.tensors.cache_gone) return [];
  const all = [];
  for (let head = 0; head < run.config.kv_heads; head++) {
    for (let position = 0; position < step.cached + step.rows; position++) {
      if (goneBefore(frame, step.layer, head, position) > step.cached) all.push({ position, head });
    }
  }
  return all;
}

/** @param {Frame} frame @param {T} t */
function which(frame, t) {
  const { run } = frame.meta;
  const labels = inCache(frame);
  const all = evicted(frame);
  const heads = run.config.kv_heads;
  /** @type {Map<number, number[]>} K/V heads by position */
  const places = new Map();
  for (const { position, head } of all) places.set(position, [...(places.get(position) ?? []), head]);
  const one = (/** @type {[number, number[]]} */ [p, from]) => {
    const args = { Position: p, Token: labels[p] ?? "", Heads: from, Count: from.length };
    return heads > 1 && from.length === heads ? t("say.evicted.all", args) : t("say.evicted.one", args);
  };
  const said =
    places.size <= NAMED
      ? [...places].map(one).join(t("list.and"))
      : t("say.evicted.many", { Tokens: places.size, Heads: new Set(all.map((r) => r.head)).size });
  return all.length ? t("say.evicted", { Count: 2 * all.length, Which: said }) : ""; // K and V
}

/** @param {Frame} frame @param {T} t */
export function events(frame, t) {
  const { step, use, run } = frame.meta;
  if (!use || !step) return "";
  const { bits, group_tokens } = run.policy;
  const blocks = (/** @type {string} */ id, /** @type {number[]|undefined} */ list) =>
    list?.length
      ? t(id, { Count: list.length, Blocks: list.length > 6 ? [...list.slice(0, 3), "…", list.at(-1)] : list })
      : "";
  const coded =
    bits && !group_tokens && step.part === "layer"
      ? t("say.coded", { Bits: bits })
      : use.coded
        ? t("say.coded.channel", { From: use.coded[0], To: use.coded[1] - 1, Bits: bits })
        : "";
  return sentences(blocks("say.taken", use.taken), blocks("say.given", use.given), which(frame, t), coded);
}
