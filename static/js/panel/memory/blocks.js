// The blocks of a paged cache: the table that says which block holds which
// tokens, and the memory as it lies, block by block.

import { inCache } from "../../facts/token-names.js";
import { el } from "../../ui/dom.js";

/** @import { Meta, T, With } from "../../types.js" */

/**
 * What each entry of the block table holds: positions from, to (not included), its
 * block, how many sequences use it, and whether this step took it.
 * @param {Meta} meta of a frame
 */
export function entries({ use, kv, step, run }) {
  const { block } = run.policy;
  if (!use || !step || !block) return [];
  const tokens = kv.before + step.rows;
  return (use.table ?? []).map((b, i) => ({
    block: b,
    from: i * block,
    to: Math.min((i + 1) * block, tokens),
    slots: block,
    refs: use.refs?.[i] ?? 1,
    taken: use.taken?.includes(b) ?? false,
  }));
}

/** @typedef {ReturnType<typeof entries>[0]} Entry */

/** @param {HTMLElement} root */
export function createBlocks(root) {
  const part = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (root.querySelector(selector));
  let drawn = "";
  return function view(/** @type {With<"use">} */ frame, /** @type {T} */ t) {
    const { use, kv, run, tokens } = frame.meta;
    const { block } = run.policy;
    root.hidden = !block || !use.table;
    if (!block || root.hidden) return;
    root.style.setProperty("--slots", String(Math.min(block, 8)));
    const rows = entries(frame.meta);
    const key = JSON.stringify([
      rows,
      use.free,
      frame.meta.peers?.refs,
      frame.meta.peers?.events,
      use.budget,
      kv.before,
      tokens,
      t("blocks.title"),
    ]);
    if (key === drawn) return;
    drawn = key;
    const labels = inCache(frame); // of proposals too
    const name = (/** @type {number} */ p) => labels[p] ?? "";
    part("[data-table]").replaceChildren(
      ...rows.map((r) =>
        el("tr", [
          el("th", r.to - r.from > 1 ? `${r.from}–${r.to - 1}` : String(r.from), { scope: "row" }),
          el("td", [
            el("b", String(r.block)),
            ...(r.taken ? [" ", el("small", t("blocks.new"), { class: "fresh" })] : []),
          ]),
          el("td", el("span", slots(r, kv.before, name, t), { class: "slots" })),
          el("td", String(r.refs)),
        ]),
      ),
    );
    part("[data-physical]").replaceChildren(...physical(frame, block, rows, t));
    const scroll = part(".scroll"); // the newest block is where something happens
    scroll.scrollTop = scroll.scrollHeight;
  };
}

/** @param {Entry} r @param {number} before @param {(p: number) => string} name @param {T} t */
const slots = (r, before, name, t) =>
  Array.from({ length: r.slots }, (_, i) => {
    const p = r.from + i;
    const full = p < r.to;
    return el("i", full ? name(p) : "", {
      class: full ? (p >= before ? "slot new" : "slot") : "slot empty",
      title: full ? t("blocks.slot", { Position: p, Token: name(p) }) : t("blocks.empty"),
    });
  });

/**
 * The memory in its own order: blocks in use, by this sequence or by others, those given back, and room for more.
 * @param {With<"use">} frame
 * @param {number} block tokens
 * @param {Entry[]} rows
 * @param {T} t
 */
function physical({ meta: { use, run, peers } }, block, rows, t) {
  const of = new Map(rows.map((r) => [r.block, r]));
  const most = Math.max(-1, ...(use.table ?? []), ...(use.free ?? []), (peers?.refs?.length ?? 0) - 1);
  // what preempted requests gave back just now, whoever has it already
  const given = (peers?.events ?? []).flatMap((e) => (e.kind === "preempt" ? (e.blocks ?? []) : []));
  const boxes = Array.from({ length: most + 1 }, (_, b) => {
    const r = of.get(b);
    const kind = r ? (r.taken ? "box new" : "box") : use.free?.includes(b) ? "box free" : "box other";
    const box = el("li", el("b", String(b)), {
      class: kind,
      title: r ? `${r.from}–${r.to - 1}` : t(kind === "box free" ? "blocks.free" : "blocks.other", { Blocks: b }),
    });
    if (given.includes(b)) {
      box.classList.add("given");
      box.title += ` · ${t("blocks.given")}`;
    }
    const fill = el("i", "");
    fill.style.setProperty("width", `${r ? (100 * (r.to - r.from)) / r.slots : 0}%`);
    box.append(fill);
    return box;
  });
  const others = Array.from({ length: most + 1 }, (_, b) => b).filter((b) => !of.has(b) && !use.free?.includes(b));
  if (others.length) boxes.push(el("li", t("blocks.other", { Blocks: others }), { class: "more-blocks" }));
  if (use.budget && !peers) {
    const c = run.config;
    const bytes = 2 * 4 * c.layers * c.kv_heads * c.head_dim * block;
    const more = Math.floor((Number(use.budget) - Number(use.allocated)) / bytes);
    if (more > 0) boxes.push(el("li", t("blocks.ahead", { Count: more }), { class: "more-blocks" }));
  }
  return boxes;
}
