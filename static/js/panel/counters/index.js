// How each counter comes about: formulas that the server wrote as MathML, with
// the letters' values in this step put in.

import { createOpen } from "../../ui/open.js";
import { number, si } from "../../format.js";
import { LANES } from "../../facts/lanes.js";
import { unitOf } from "../../facts/counters.js";

/** @import { Frame, Host, Integer, LaneName, Meta, Modelled, Panel, Policy, State, T } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "counters", offline: true, create };

/** @param {HTMLDetailsElement} root @param {Host} host */
function create(root, { act }) {
  const panel = createOpen(root, "formulas", act);
  const letters = /** @type {HTMLDetailsElement} */ (root.querySelector(".letters"));
  let state = /** @type {State|null} */ (null);
  let filled = /** @type {{frame?: Frame, lang?: string}} */ ({}); // what the page shows: a frame, in a language
  const again = () => {
    filled = {};
    if (state) paint(state);
  };
  root.addEventListener("click", (e) => {
    const button = /** @type {HTMLElement} */ (e.target).closest("button[data-opens]");
    if (!(button instanceof HTMLElement)) return;
    const row = /** @type {HTMLElement} */ (document.getElementById(`formula-${button.dataset.opens}`));
    row.hidden = !row.hidden;
    button.setAttribute("aria-expanded", String(!row.hidden));
    again();
  });
  letters.addEventListener("toggle", again);

  /** @param {State} next */
  return function view(next) {
    panel(next);
    state = next;
    paint(next);
  };

  /** @param {State} state */
  function paint({ frame, lang, t }) {
    if (!root.open || !frame || (filled.frame === frame && filled.lang === lang)) return;
    // Only what is looked at is filled in.
    const open = [...root.querySelectorAll("tr.formula:not([hidden])"), ...(letters.open ? [letters] : [])];
    const several = !!frame.meta.modelled && !frame.meta.letters; // no closed formula is about such a run
    root.querySelector("[data-several]")?.toggleAttribute("hidden", !several);
    letters.hidden = several;
    least(root, frame.meta.modelled, t);
    if (frame.meta.letters) open.forEach((part) => fill(/** @type {HTMLElement} */ (part), frame, lang, t));
    else if (!frame.meta.step || several) open.forEach((part) => nothing(/** @type {HTMLElement} */ (part)));
    filled = { frame, lang };
  }
}

/** Before the first step there are no values. @param {HTMLElement} root */
function nothing(root) {
  for (const el of root.querySelectorAll(":scope > td > .scroll")) el.setAttribute("hidden", "");
  for (const el of root.querySelectorAll("[data-letter]")) el.textContent = "–";
}

/**
 * The least time on a device: the row of both tables, and how it comes about.
 * @param {HTMLElement} root
 * @param {Modelled|undefined} info
 * @param {T} t
 */
function least(root, info, t) {
  const put = (/** @type {string} */ selector, /** @type {string} */ text) =>
    root.querySelectorAll(selector).forEach((el) => (el.textContent = text));
  put("[data-least-device]", info?.device ?? "");
  for (const lane of LANES) {
    const step = info?.step[lane];
    put(`[data-numbers="step"] [data-cell="modelled.${lane}"]`, step ? si(step.seconds, "s") : "–");
    put(`[data-numbers="total"] [data-cell="modelled.${lane}"]`, step && info ? si(info.total[lane] ?? 0, "s") : "–");
    if (!step || !info) continue;
    const said = {
      flops: si(step.flops, "FLOP"),
      peak: si(info.peak, "FLOP/s"),
      bytes: si(step.bytes, "B"),
      bandwidth: si(info.bandwidth, "B/s"),
      compute: si(step.compute, "s"),
      memory: si(step.memory, "s"),
      seconds: si(step.seconds, "s"),
      bound: t(`formula.bound.${step.bound}`),
    };
    for (const [name, text] of Object.entries(said))
      put(`[data-modelled] [data-lane="${lane}"] [data-least="${name}"]`, text);
  }
}

/** Counters that a policy makes others than the formulas say, in the cached lane. */
const OWN = /** @type {[keyof Policy, string[]][]} */ ([
  ["keeps", ["scores", "av", "elementwise", "kv_tokens", "kv_bytes", "kv_read_bytes"]],
  ["bits", ["kv_bytes", "kv_read_bytes", "kv_write_bytes"]],
]);

/** Does the cache policy count this counter itself? @param {Frame} frame @param {string|undefined} counter */
export const ownCount = (frame, counter) =>
  OWN.some(([trait, own]) => frame.meta.run.policy[trait] && own.includes(counter ?? ""));

/**
 * @param {HTMLElement} root one formula, or the table of letters
 * @param {Frame} frame
 * @param {string} lang
 * @param {T} t
 */
function fill(root, frame, lang, t) {
  const { ledger, step } = frame.meta;
  if (!step) return;
  const total = root.dataset.of === "total";
  const letters = values(frame.meta, root.dataset.of !== "step");
  const text = (/** @type {number|string} */ n) => number(n).toLocaleString(lang);
  const each = (/** @type {string} */ selector, /** @type {(el: HTMLElement) => void} */ f) =>
    root.querySelectorAll(selector).forEach((el) => f(/** @type {HTMLElement} */ (el)));
  const hide = (/** @type {Element} */ el, /** @type {boolean} */ hidden) => el.toggleAttribute("hidden", hidden);
  const off = (/** @type {string|undefined} */ is, /** @type {string} */ now) => !!is && is !== now;
  // Letters that are worth nothing for this model are not written.
  const idle = (/** @type {string|undefined} */ letter) =>
    !!letter &&
    !Object.values(letters).some(
      (lane) => letter in lane && (!["x", "x0"].includes(letter) || number(lane[letter]) !== 0),
    );

  each("[data-part]", (el) => hide(el, off(el.dataset.part, step.part)));
  each("[data-none]", (none) => {
    const any =
      !!root.querySelector("[data-modelled]") ||
      [...root.querySelectorAll("[data-part]")].some((el) => !el.hasAttribute("hidden"));
    // A run that is not one sequence of one token a pass is summed up step by step.
    const open = total && !frame.meta.sums && any && root.id.startsWith("formula-");
    none.textContent = t(open ? "formula.no_sums" : "formula.none");
    hide(none, !open && (any || total || root.id === "formula-seconds"));
    each(".scroll", (el) => hide(el, !any || open));
    if (none.nextElementSibling) hide(none.nextElementSibling, open); // it speaks of the closed form
  });
  each("[data-optional]", (el) => hide(el, idle(el.dataset.optional)));
  const which = frame.meta.speculation?.proposed ? "proposals" : ledger.count.logits; // neither the last row nor all
  each("[data-when]", (el) => {
    const { pairs, logits, phase, optional } = el.dataset;
    hide(el, off(pairs, ledger.count.pairs) || off(logits, which) || off(phase, step.phase) || idle(optional));
  });
  each("[data-unit]", (el) => (el.textContent = el.dataset.unit === "op" ? unitOf(frame) : (el.dataset.unit ?? "")));
  const own = (/** @type {HTMLElement} */ el) =>
    el.dataset.lane === "cached" &&
    ownCount(frame, /** @type {HTMLElement|null} */ (el.querySelector("[data-result]"))?.dataset.result);
  each(".worked", (el) => hide(el, !letters[el.dataset.lane ?? ""] || own(el)));
  each("[data-own]", (note) =>
    hide(
      note,
      !letters.cached || ![...root.querySelectorAll(".worked")].some((el) => own(/** @type {HTMLElement} */ (el))),
    ),
  );
  each("[data-letter]", (el) => {
    const lane = /** @type {HTMLElement|null} */ (el.closest("[data-lane]"))?.dataset.lane ?? "cached";
    const value = (letters[lane] ?? letters.cached ?? letters.uncached)?.[el.dataset.letter ?? ""];
    el.textContent = value === undefined ? "–" : text(value);
  });
  each("[data-result]", (el) => {
    const lane = /** @type {HTMLElement} */ (el.closest("[data-lane]")).dataset.lane ?? "";
    const counters = ledger[total ? "total" : "step"][/** @type {LaneName} */ (lane)];
    if (!counters) return;
    const { flops, ...others } = counters;
    const all = /** @type {Partial<Record<string, Integer>>} */ ({ ...flops, ...others });
    el.textContent = text(all[el.dataset.result ?? ""] ?? 0);
  });
}

/**
 * What the letters are worth, by lane: in this step, or in the sums so far too.
 * @param {Meta} meta @param {boolean} so_far @returns {Record<string, Record<string, Integer>>}
 */
function values({ letters: told = {}, sums = {} }, so_far) {
  // The lane without a cache has letters of its own only where they differ.
  const letters = told.cached && told.uncached ? { ...told, uncached: { ...told.cached, ...told.uncached } } : told;
  if (!so_far) return letters;
  return Object.fromEntries(
    LANES.flatMap((lane) => {
      const step = letters[lane];
      return step ? [[lane, { ...step, ...sums.cached, ...sums[lane] }]] : [];
    }),
  );
}
