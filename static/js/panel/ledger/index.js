// The ledger: what each lane paid, this step and so far.

import { number, si } from "../../format.js";
import { createLamp } from "./equality.js";
import { PARTS, flops, total, unitOf } from "../../facts/counters.js";
import { bar as piece } from "../../ui/dom.js";

/** @import { Counters, Frame, Host, Integer, Panel, State, T } from "../../types.js" */

const ROWS = /** @type {const} */ ([
  ["elementwise", ""],
  ["kv_tokens", ""],
  ["kv_bytes", "B"],
  ["kv_write_bytes", "B"],
  ["kv_read_bytes", "B"],
  ["weight_bytes", "B"],
  ["seconds", "s"],
]);

/**
 * Pieces of one bar, in parts of the longest bar: first what the cached lane
 * pays too, part by part, then what this lane only computes again. So the solid
 * stretches of both lanes are equally long, and the hatched one is the price.
 * @param {Counters|null} mine @param {Counters|null} cached @param {number} longest
 */
export function bar(mine, cached, longest) {
  if (!mine || longest <= 0) return [];
  const needed = (/** @type {typeof PARTS[number]} */ part) =>
    cached ? Math.min(flops(cached, part), flops(mine, part)) : flops(mine, part);
  return [
    ...PARTS.map((part) => ({ part, again: false, share: needed(part) / longest })),
    ...PARTS.map((part) => ({ part, again: true, share: (flops(mine, part) - needed(part)) / longest })),
  ].filter((piece) => piece.share > 0);
}

/** @type {Panel} */
export const panel = { id: "ledger", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  root.querySelector("#switches")?.addEventListener("change", (e) => {
    const input = /** @type {HTMLInputElement} */ (e.target);
    act.count({ [input.name.replace("count-", "")]: input.value });
  });
  const lamp = createLamp(
    /** @type {HTMLElement} */ (root.querySelector("[data-lamp]")),
    /** @type {HTMLElement} */ (root.querySelector("[data-effect]")),
  );
  /** @type {Map<string, HTMLElement>} cells of both tables */
  const cells = new Map();
  for (const table of root.querySelectorAll("[data-numbers]")) {
    for (const cell of table.querySelectorAll("[data-cell]")) {
      cells.set(
        `${/** @type {HTMLElement} */ (table).dataset.numbers}.${/** @type {HTMLElement} */ (cell).dataset.cell}`,
        /** @type {HTMLElement} */ (cell),
      );
    }
  }
  /** @param {State} state */
  return function view({ frame, t, recorded }) {
    if (!frame) return;
    // a handout has no one who could count again
    root.querySelector("#switches")?.toggleAttribute("hidden", !!recorded);
    const unit = unitOf(frame);
    for (const [name, value] of Object.entries(frame.meta.ledger.count)) {
      const input = root.querySelector(`input[name="count-${name}"][value="${value}"]`);
      if (input instanceof HTMLInputElement) input.checked = true;
    }
    for (const span of /** @type {const} */ (["step", "total"])) {
      const block = /** @type {HTMLElement} */ (root.querySelector(`[data-span="${span}"]`));
      const { cached, uncached } = frame.meta.ledger[span];
      const longest = Math.max(total(cached), total(uncached));
      for (const [lane, counters] of Object.entries({ cached, uncached })) {
        const out = /** @type {HTMLElement} */ (block.querySelector(`[data-flops="${lane}"]`));
        out.textContent = counters ? si(total(counters), unit) : "–";
        out.dataset.value = String(total(counters));
        fill(
          /** @type {HTMLElement} */ (block.querySelector(`[data-bar="${lane}"]`)),
          bar(counters, cached, longest),
          t,
        );
      }
      const ratio = total(cached) ? total(uncached) / total(cached) : 1;
      const times =
        cached && uncached
          ? t("ledger.ratio", { Ratio: ratio >= 99.5 ? ratio.toFixed(0) : ratio.toFixed(ratio < 10 ? 2 : 1) })
          : "";
      const again = span === "total" ? number(frame.meta.schedule?.recomputed?.flops ?? 0) : 0;
      const paid = again ? t("ledger.recomputed", { Flops: si(again, unit) }) : "";
      /** @type {HTMLElement} */ (block.querySelector("[data-ratio]")).textContent = [
        paid,
        times,
        countedSays(frame, span, t),
      ]
        .filter(Boolean)
        .join(" · ");
      for (const part of PARTS) {
        put(
          cells,
          `${span}.flops.${part}`,
          cached && (cached.flops[part] ?? 0),
          uncached && (uncached.flops[part] ?? 0),
          unit,
        );
      }
      const untimed = t("ledger.untimed");
      for (const [key, of] of ROWS) {
        const one = (/** @type {Counters|null} */ c) =>
          key === "seconds" && c?.untimed ? untimed : c && (c[key] ?? 0);
        put(cells, `${span}.${key}`, one(cached), one(uncached), of);
      }
    }
    lamp(frame.meta, t);
  };
}

/**
 * How the numbers of the lane without a cache came to be, where it did not run.
 * @param {Frame} frame @param {"step"|"total"} span @param {T} t
 */
function countedSays({ meta: { ledger, step } }, span, t) {
  const { untimed = 0 } = ledger[span].uncached ?? {};
  const all = span === "total" ? (step?.n ?? 0) + 1 : 1;
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

/** @param {HTMLElement} el @param {ReturnType<typeof bar>} pieces @param {T} t */
function fill(el, pieces, t) {
  el.replaceChildren(
    ...pieces.map(({ part, again, share }) =>
      piece(share, {
        class: `part part-${part}${again ? " again" : ""}`,
        title: t(again ? "ledger.again" : "ledger.part", { Part: t(`part.${part}`) }),
      }),
    ),
  );
}
