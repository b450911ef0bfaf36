// The ledger: what each lane paid, in this step, in its pass and so far.

import { number, si } from "../../format.js";
import { lampSays } from "../../facts/equality.js";
import { PARTS, draftPaid, flops, needed, pieces, times, total, unitOf } from "../../facts/counters.js";
import { LANES } from "../../facts/lanes.js";
import { bars as lengths } from "../../ui/dom.js";
import { say, withTerms } from "../../ui/terms.js";

/** @import { Counters, Frame, Host, Integer, Panel, State, T } from "../../types.js" */

/** The scopes of the ledger, as a frame calls them. */
const SPANS = /** @type {const} */ (["step", "pass", "total"]);

const ROWS = /** @type {const} */ ([
  ["elementwise", ""],
  ["kv_tokens", ""],
  ["kv_bytes", "B"],
  ["kv_write_bytes", "B"],
  ["kv_read_bytes", "B"],
  ["weight_bytes", "B"],
]);

/** @type {Panel} */
export const panel = { id: "ledger", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  root.querySelector("#switches")?.addEventListener("change", (e) => {
    const input = /** @type {HTMLInputElement} */ (e.target);
    if (input.name.startsWith("count-")) act.count({ [input.name.replace("count-", "")]: input.value });
  });
  const effect = /** @type {HTMLElement} */ (root.querySelector("[data-effect]"));
  /** @type {Map<string, HTMLElement>} cells of the tables */
  const cells = new Map();
  const held = /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll('th [data-text="ledger.kv_bytes"]'));
  for (const table of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-numbers]"))) {
    for (const cell of /** @type {NodeListOf<HTMLElement>} */ (table.querySelectorAll("[data-cell]")))
      cells.set(`${table.dataset.numbers}.${cell.dataset.cell}`, cell);
  }
  /** @param {State} state */
  return function view({ frame, t, recorded }) {
    if (!frame) return;
    // a handout has no one who could count again
    root.querySelector("#switches")?.toggleAttribute("hidden", !!recorded);
    for (const [name, value] of Object.entries(frame.meta.ledger.count)) {
      const input = root.querySelector(`input[name="count-${name}"][value="${value}"]`);
      if (input instanceof HTMLInputElement) input.checked = true;
    }
    for (const e of held) {
      e.dataset.text = frame.meta.peers ? "ledger.kv_bytes.all" : "ledger.kv_bytes"; // what they share counts in each
      e.textContent = t(e.dataset.text);
    }
    for (const span of SPANS) {
      bars(/** @type {HTMLElement} */ (root.querySelector(`[data-span="${span}"]`)), frame, span, t);
      numbers(cells, frame, span, t);
    }
    const { more } = lampSays(frame.meta, withTerms(t));
    say(effect, more);
    effect.hidden = !more;
  };
}

/**
 * The bars of one scope, and how much longer one is than the other.
 * @param {HTMLElement} block @param {Frame} frame @param {typeof SPANS[number]} span @param {T} t
 */
function bars(block, frame, span, t) {
  const lanes = frame.meta.ledger[span];
  const unit = unitOf(frame);
  const longest = Math.max(total(lanes.cached), total(lanes.uncached));
  for (const lane of LANES) {
    const counters = lanes[lane];
    const out = /** @type {HTMLElement} */ (block.querySelector(`[data-flops="${lane}"]`));
    out.textContent = counters ? si(total(counters), unit) : frame.meta.step ? t("bars.off") : "–";
    out.dataset.value = String(total(counters));
    const bar = /** @type {HTMLElement} */ (block.querySelector(`[data-bar="${lane}"]`));
    bar.toggleAttribute("hidden", !counters); // an empty bar would say that nothing was paid
    fill(bar, pieces(counters, needed(lanes), longest), t);
  }
  const again = span === "total" ? number(frame.meta.schedule?.recomputed?.flops ?? 0) : 0;
  const draft = draftPaid(frame.meta, span);
  const Ratio = times(lanes);
  /** @type {HTMLElement} */ (block.querySelector("[data-ratio]")).textContent = [
    again ? t("ledger.recomputed", { Flops: si(again, unit) }) : "",
    draft ? t("ledger.draft", { Flops: si(draft, unit) }) : "",
    Ratio ? t("ledger.ratio", { Ratio }) : "",
    countedSays(frame, span, t),
  ]
    .filter(Boolean)
    .join(" · ");
}

/**
 * The counters of one scope, where there is a table of it.
 * @param {Map<string, HTMLElement>} cells @param {Frame} frame @param {typeof SPANS[number]} span @param {T} t
 */
function numbers(cells, frame, span, t) {
  const { cached, uncached } = frame.meta.ledger[span];
  for (const part of PARTS)
    put(
      cells,
      `${span}.flops.${part}`,
      cached && flops(cached, part),
      uncached && flops(uncached, part),
      unitOf(frame),
    );
  for (const [key, of] of ROWS)
    put(cells, `${span}.${key}`, cached && (cached[key] ?? 0), uncached && (uncached[key] ?? 0), of);
  const [one, other, how] = timeSays(frame, span, t);
  put(cells, `${span}.seconds`, one, other, "s");
  const kind = cells.get(`${span}.seconds.kind`);
  if (kind) kind.textContent = how;
}

/**
 * The times of both lanes, and how they came to be: of those steps alone in which they compare. Where no cache holds
 * anything both do the same, and who runs first finds the processor's caches cold; its time would say the opposite.
 * @param {Frame} frame @param {typeof SPANS[number]} span @param {T} t
 * @returns {[Integer|null, Integer|null, string]}
 */
export function timeSays({ meta: { ledger, step, peers } }, span, t) {
  const { cached, uncached } = ledger[span];
  if (!cached || !uncached)
    return [cached && (cached.seconds ?? 0), uncached && (uncached.seconds ?? 0), t("kind.measured")];
  if (span === "total" && ledger.timed)
    return [ledger.timed.cached, ledger.timed.uncached, t("kind.measured.steps", { Count: ledger.timed.steps })];
  const none = t("ledger.untimed");
  if (uncached.untimed) return [cached.seconds ?? 0, none, t("kind.measured.one")];
  const held = step?.cached || peers?.pass.some((p) => p.cached > 0);
  return held ? [cached.seconds ?? 0, uncached.seconds ?? 0, t("kind.measured")] : [null, null, t("kind.cold")];
}

/**
 * How the numbers of the lane without a cache came to be, where it did not run.
 * @param {Frame} frame @param {typeof SPANS[number]} span @param {T} t
 */
function countedSays({ meta: { ledger, step, run } }, span, t) {
  const { untimed = 0 } = ledger[span].uncached ?? {};
  const steps = (step?.n ?? 0) + 1;
  const all = { step: 1, pass: ((steps - 1) % (run.config.layers + 1)) + 1, total: steps }[span];
  if (!untimed) return "";
  return untimed === all ? t("ledger.counted") : t("ledger.counted.part", { Count: untimed, All: all });
}

/**
 * @param {Map<string, HTMLElement>} cells @param {string} key @param {Integer|null} cached
 * @param {Integer|null} uncached words of no number stand as they are @param {string} unit
 */
function put(cells, key, cached, uncached, unit) {
  for (const [lane, value] of Object.entries({ cached, uncached })) {
    const cell = cells.get(`${key}.${lane}`);
    const known = value != null && !Number.isNaN(number(value));
    const text = known ? si(value, unit) : (value ?? "–");
    const stored = known ? String(value) : "";
    if (!cell || (cell.dataset.value === stored && cell.textContent === text)) continue;
    cell.textContent = String(text);
    cell.dataset.value = stored;
  }
}

/** @param {HTMLElement} el @param {ReturnType<typeof pieces>} all @param {T} t */
function fill(el, all, t) {
  lengths(
    el,
    all.map(({ part, again, share }) => ({
      share,
      attributes: {
        class: `part part-${part}${again ? " again" : ""}`,
        title: t(again ? "ledger.again" : "ledger.part", { Part: t(`part.${part}`) }),
      },
    })),
  );
}
