// The batch dimension of the cache: a strip for each sequence of the pass, block
// by block where it is paged; blocks that several share say so.

import { isolate } from "../../text.js";
import { sentences } from "../../format.js";
import { keptOf, metOf } from "../../facts/policy.js";
import { cacheless } from "../../facts/lanes.js";
import { isSeveral, promptOf, seqName } from "../../facts/sequences.js";
import { el, parts } from "../../ui/dom.js";

/** @import { Frame, Host, Panel, Peer, Peers, State, T, With } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "batch-cache", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const part = parts(root);
  const list = part("strips");
  let built = "";
  list.addEventListener("click", (e) => {
    const b = /** @type {HTMLElement} */ (e.target).closest("button");
    if (b) act.sequence(Number(b.dataset.seq));
  });
  const mark = (/** @type {Event} */ e) => {
    const block = /** @type {HTMLElement} */ (e.target).closest?.("[data-block]");
    for (const x of list.querySelectorAll("[data-block]"))
      x.classList.toggle(
        "same",
        !!block && /** @type {HTMLElement} */ (x).dataset.block === /** @type {HTMLElement} */ (block).dataset.block,
      );
  };
  list.addEventListener("pointerover", mark);
  list.addEventListener("pointerleave", mark);
  /** @param {State} state */
  return function view({ frame, t, lang, recorded }) {
    root.hidden = !frame?.meta.peers || !frame.meta.step || cacheless(frame);
    if (!frame || !isSeveral(frame) || root.hidden) return;
    const { peers, step, run, schedule } = frame.meta;
    const now = JSON.stringify([
      peers.pass,
      peers.seq,
      peers.refs,
      peers.held,
      schedule,
      step?.layer,
      run.recipe,
      lang,
    ]);
    if (now === built) return;
    built = now;
    const held = (/** @type {Peer} */ p) => keptOf(run, p.cached + p.rows);
    const longest = Math.max(...peers.pass.map(held));
    part("shape").textContent = `[${peers.pass.length}, ${run.config.kv_heads}, ${longest}, ${run.config.head_dim}]`;
    part("says").textContent = sentences(
      t("strips.says", { Count: peers.pass.length }),
      shared(peers, t),
      run.recipe.cache.budget
        ? t("strips.budget", { Held: peers.held, Budget: run.recipe.cache.budget })
        : t("strips.bytes", { Held: peers.held }),
    );
    part("key").hidden = !peers.pass[0].table;
    const focus = /** @type {HTMLElement|null} */ (
      list.contains(document.activeElement) ? document.activeElement : null
    )?.dataset.seq;
    list.replaceChildren(...peers.pass.map((p) => strip(frame, p, longest, t, !!recorded)), ...preempted(frame, t));
    if (focus)
      /** @type {HTMLElement|null} */ (list.querySelector(`[data-seq="${focus}"]`))?.focus({ preventScroll: true });
  };
}

/** Who has no cache any more: the blocks that went back just now. @param {With<"peers">} frame @param {T} t */
function preempted(frame, t) {
  const { schedule, peers } = frame.meta;
  return (schedule?.requests ?? []).flatMap((q, seq) => {
    if (q.state !== "preempted") return [];
    const event = peers.events.find((e) => e.kind === "preempt" && e.seq === seq);
    const blocks = (event?.blocks ?? []).map((b) =>
      el("li", String(b), { class: "given", "data-block": String(b), title: t("strips.given", { Block: b }) }),
    );
    return [
      el(
        "li",
        [
          el("span", seqName(frame, seq, t)),
          blocks.length
            ? el("ol", blocks, { class: "strip-blocks", "aria-label": t("strips.preempted") })
            : el("span", t("strips.preempted"), { class: "quiet" }),
          el("span", t("strips.held", { Count: 0 }), { class: "quiet", "aria-hidden": "true" }),
        ],
        { "data-preempted": String(seq) },
      ),
    ];
  });
}

/** What sharing spares. @param {Peers} peers @param {T} t */
function shared(peers, t) {
  if (!peers.pass[0].table) return "";
  const all = peers.pass.flatMap((p) => p.table ?? []);
  const { refs = [] } = peers;
  const once = new Set(all).size;
  const kept = [...new Set(all)].filter((b) => refs[b] > all.filter((x) => x === b).length).length;
  return sentences(
    t(once < all.length ? "strips.shared" : "strips.apart", { Blocks: all.length, Once: once, Count: once }),
    kept ? t("strips.kept.all", { Count: kept }) : "",
  );
}

/**
 * @param {With<"peers">} frame
 * @param {Peer} p
 * @param {number} longest
 * @param {T} t
 * @param {boolean} recorded
 */
function strip(frame, p, longest, t, recorded) {
  const { peers, run } = frame.meta;
  const tokens = keptOf(run, p.cached + p.rows);
  const name = recorded
    ? el("span", seqName(frame, p.seq, t))
    : el("button", seqName(frame, p.seq, t), {
        type: "button",
        "data-seq": String(p.seq),
        "aria-pressed": String(p.seq === peers.seq),
        title: peers.kind === "beam" ? isolate(p.said ?? "") : promptOf(frame, p.seq),
      });
  const { block: size = 0 } = run.policy;
  const blocks = p.table
    ? p.table.map((b, i) => block(frame, p, b, Math.min(size, tokens - i * size), size, t))
    : [plain(p, tokens, longest, t)];
  return el(
    "li",
    [
      name,
      el("ol", blocks, {
        class: p.table ? "strip-blocks" : "one-piece",
        "aria-label": t("strips.held", { Count: tokens }),
      }),
      el("span", t("strips.held", { Count: tokens }), { class: "quiet", "aria-hidden": "true" }),
    ],
    { "data-strip": String(p.seq) },
  );
}

/**
 * @param {With<"peers">} frame
 * @param {Peer} p
 * @param {number} b
 * @param {number} filled
 * @param {number} size
 * @param {T} t
 */
function block(frame, p, b, filled, size, t) {
  const { peers } = frame.meta;
  const users = peers.pass.filter((x) => x.table?.includes(b)).map((x) => seqName(frame, x.seq, t));
  const refs = peers.refs?.[b] ?? 0;
  const copied = p.copied?.includes(b);
  const says = [
    t("strips.block", { Block: b, Filled: Math.max(filled, 0), Size: size }),
    refs > 1 ? t("strips.refs", { Count: refs, Who: users }) : "",
    refs > users.length ? t("strips.kept") : "",
    copied ? t("strips.copied") : "",
  ].reduce((a, b) => sentences(a, b));
  const li = el(
    "li",
    [
      el("span", String(b), { "aria-hidden": "true" }),
      ...(refs > 1 ? [el("small", `×${refs}`, { "aria-hidden": "true" })] : []),
      el("span", says, { class: "spoken" }),
    ],
    {
      "data-block": String(b),
      "data-refs": String(refs),
      title: says,
      class: [refs > 1 ? "shared" : "", copied ? "copied" : ""].join(" "),
    },
  );
  li.style.setProperty("--filled", `${(100 * Math.max(filled, 0)) / size}%`);
  return li;
}

/**
 * A sequence that is not in blocks: what was there, and what this pass adds.
 * @param {Peer} p
 * @param {number} tokens
 * @param {number} longest
 * @param {T} t
 */
function plain(p, tokens, longest, t) {
  const li = el("li", el("span", t("strips.plain", { Cached: p.cached, Count: p.rows }), { class: "spoken" }), {
    title: t("strips.plain", { Cached: p.cached, Count: p.rows }),
  });
  li.style.setProperty("--old", `${(100 * p.cached) / longest}%`);
  li.style.setProperty("--all", `${(100 * tokens) / longest}%`);
  return li;
}
