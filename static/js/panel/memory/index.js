// What the cache takes: a bar of rows, of what is empty and of the limit, where
// it will be full, and the blocks of a paged cache.

import { countGone } from "../../facts/policy-rows.js";
import { createBlocks } from "./blocks.js";
import { fullAt, mostOf, policyName } from "../../facts/policy.js";
import { number, sentences, si } from "../../format.js";
import { isSeveral, seqName } from "../../facts/sequences.js";
import { withTerms, say } from "../../ui/terms.js";

/** @import { Config, Frame, Panel, State, T, With } from "../../types.js" */

/**
 * Bytes of a number of float32 rows of K and V in all layers.
 * @param {Config} c the model's config
 * @param {number} tokens
 */
export const plainBytes = (c, tokens) => 2 * 4 * c.layers * c.kv_heads * c.head_dim * tokens;

/** Does the frame say what the cache takes? @param {Frame} frame @returns {frame is With<"use">} */
const isUsed = (frame) => !!frame.meta.use;

/** What there is to say of the memory now. @param {With<"use">} frame @param {T} t */
export function says(frame, t) {
  const { use, kv, run } = frame.meta;
  const { block, keeps, bits, group_tokens } = run.policy;
  const tokens = kv.before + (frame.meta.step?.rows ?? 0);
  const wasted = number(use.allocated) - number(use.used);
  if (block) {
    const slots = (use.table?.length ?? 0) * block;
    const empty = slots - tokens;
    const bytes = plainBytes(run.config, empty);
    const said = t("memory.says.paged", {
      Count: use.table?.length ?? 0,
      Block: block,
      Empty: empty,
      Slots: slots,
      Wasted: bytes,
    });
    return sentences(said, wasted > bytes ? t("memory.waiting", { Bytes: wasted - bytes }) : "");
  }
  if (keeps) return t("memory.says.evicting", { Most: mostOf(keeps), Gone: 2 * countGone(frame) });
  if (bits) {
    const full = plainBytes(run.config, 1);
    const said = t("memory.says.coded", {
      Each: kv.bytes_per_token,
      Full: full,
      Times: (full / number(kv.bytes_per_token)).toFixed(2),
    });
    return sentences(
      said,
      use.settled !== undefined && use.settled < tokens
        ? t("memory.settled", { Settled: use.settled, Group: group_tokens })
        : "",
    );
  }
  const Capacity = use.fits !== undefined ? Math.min(use.fits, kv.capacity) : kv.capacity;
  const New = Capacity - run.prompt_tokens; // all but the last, which is chosen and never fed
  const whole = New > 0 && New === run.recipe.max_new - 1 && !frame.meta.peers;
  return t(whole ? "memory.says.reserved" : "memory.says.contiguous", {
    Capacity,
    Prompt: run.prompt_tokens,
    New,
    Wasted: si(wasted, "B"),
  });
}

/** Whose memory it is, and what all take; "" where there is one sequence. @param {Frame} frame @param {T} t */
const whose = (frame, t) =>
  isSeveral(frame)
    ? t("memory.of", { Who: seqName(frame, frame.meta.peers.seq, t), Held: si(frame.meta.peers.held ?? 0, "B") })
    : "";

/** @type {Panel} */
export const panel = { id: "memory", offline: true, create };

/** @param {HTMLElement} root */
function create(root) {
  const part = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (root.querySelector(selector));
  const bar = part("[data-bar]");
  const blocks = createBlocks(part("[data-blocks]"));
  const widen = (/** @type {string} */ selector, /** @type {number} */ share) =>
    part(selector).style.setProperty("width", `${100 * share}%`);

  /** @param {State} state */
  return function view({ frame, t }) {
    root.hidden = !frame?.meta.use || !frame.meta.step;
    if (!frame || !isUsed(frame) || root.hidden) return;
    const { kv, run, use } = frame.meta;
    const [allocated, used, budget] = [use.allocated, use.used, use.budget ?? 0].map(number);
    const all = Math.max(budget, allocated, 1);
    const text = (/** @type {number} */ n) => si(n, "B");
    part("[data-policy]").textContent = policyName(run.recipe.cache, t);
    say(part("[data-says]"), sentences(says(frame, withTerms(t)), whose(frame, t)));
    widen(".used", used / all);
    widen(".wasted", (allocated - used) / all);
    bar.setAttribute(
      "aria-label",
      t(budget ? "memory.bar.budget" : "memory.bar", {
        Used: used,
        Allocated: allocated,
        Wasted: allocated - used,
        Budget: budget,
      }),
    );
    put("[data-used]", used, text);
    put("[data-wasted]", allocated - used, text);
    put("[data-budget]", budget, text);
    part("[data-limit]").hidden = !budget;
    const full = fullAt(frame.meta);
    const burst = part(".burst");
    burst.hidden = full === null;
    if (full !== null) {
      const at = Math.min((number(kv.bytes_per_token) * full) / all, 1); // bytes of the last token that fits
      burst.style.setProperty("left", `${100 * at}%`);
    }
    part("[data-full]").textContent =
      budget && use.fits !== undefined
        ? t(full === null ? "memory.never" : "memory.full", { Token: full, Capacity: kv.capacity })
        : "";
    blocks(frame, t);
  };

  /** @param {string} selector @param {number} n @param {(n: number) => string} text */
  function put(selector, n, text) {
    part(selector).textContent = text(n);
    part(selector).dataset.value = String(n);
  }
}
