// The cache policy: its name in words, and the part of the form that chooses it.

/** @typedef {{kind: string, block?: number, window?: number, sinks?: number, heavy?: number, axis?: string, group?: number, budget?: number}} Policy */

/** What the menu calls it: a window with sinks is an entry of its own. @param {Policy} p */
const entry = (p) => (p.kind === "window" && p.sinks ? "sinks" : p.kind);

/** @param {Policy} p @param {import("../text.js").T} t */
export const policyName = (p, t) => t(`policy.name.${entry(p)}`, { Block: p.block, Window: p.window, Sinks: p.sinks, Heavy: p.heavy, Axis: p.axis ? t(`policy.by.${p.axis}`) : "" });

/** Does attention get the very numbers that were computed, all of them? @param {Policy} p */
export const isExact = (p) => p.kind === "contiguous" || p.kind === "paged";

/** The token at which the limit refuses, from 1; 0 if the whole run fits. @param {any} meta of a frame */
export const fullAt = ({ use, kv }) => (use?.fits !== undefined && use.fits < kv.capacity ? use.fits + 1 : 0);

/** A policy from its text, as a link writes it. @param {string} text @returns {Policy} */
export function parsePolicy(text) {
  const [kind, a, b] = text.split(":");
  const n = (/** @type {string|undefined} */ s) => Number(s ?? 0);
  switch (kind) {
    case "paged": return { kind, block: n(a) };
    case "window": return { kind, window: n(a), sinks: n(b) };
    case "h2o": return { kind, window: n(a), heavy: n(b) };
    case "int8": case "int4": return { kind, axis: a, group: n(b) };
  }
  return { kind };
}

/** A number of bytes with a binary prefix where it is a whole one. @param {number} n */
export const binary = (n) => (n % 1048576 === 0 && n ? `${n / 1048576} MiB` : n % 1024 === 0 ? `${n / 1024} KiB` : `${n} B`);

/**
 * The same run under another policy, at the same step.
 * @param {any} frame @param {Policy} cache @param {{run: (recipe: object) => void, seek: (step: number) => void}} act
 */
export function switchTo(frame, cache, act) {
  const { run, step } = frame.meta;
  act.run({ ...run.recipe, cache });
  if (step) act.seek(step.n);
}

/**
 * @param {HTMLElement} root
 * @param {{run: (recipe: object) => void, seek: (step: number) => void}} act
 */
export function createPolicy(root, act) {
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (root.querySelector(`[name="${name}"]`));
  const [now, about, custom] = ["now", "about", "custom"].map((name) => /** @type {HTMLElement} */ (root.querySelector(`[data-${name}]`)));
  let shown = "";
  /** @type {any} */
  let state = null;
  root.addEventListener("change", (e) => {
    const { name } = /** @type {HTMLInputElement} */ (e.target);
    if (name === "axis" && state?.frame) {
      groups(state.frame.meta.run.config.head_dim, state.t);
      field("group").value = field("axis").value === "channel" ? "8" : "0";
    }
    if (field("budget").value === "custom" && name === "budget") field("kib").value = "128";
    arrange();
    if (state?.frame) switchTo(state.frame, value(), act);
  });

  /** @returns {Policy} */
  function value() {
    const whole = (/** @type {string} */ name) => Math.trunc(field(name).valueAsNumber) || (field(name).value === "0" ? 0 : -1); // an empty field is refused by name
    const kind = field("cache").value;
    const budget = field("budget").value === "custom" ? Math.round(1024 * Number(field("kib").value)) || -1 : Number(field("budget").value);
    const numbers = { paged: { block: whole("block") }, window: { window: whole("window") }, sinks: { window: whole("window"), sinks: whole("sinks") }, h2o: { window: whole("window"), heavy: whole("heavy") } }[kind];
    const coded = kind === "int8" || kind === "int4" ? { axis: field("axis").value, group: Number(field("group").value) } : {};
    return { kind: kind === "sinks" ? "window" : kind, ...numbers, ...coded, budget };
  }

  /** Shows what matters for the chosen kind. */
  function arrange() {
    const kind = field("cache").value;
    for (const label of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-for]"))) label.hidden = !label.dataset.for?.split(" ").includes(kind);
    custom.hidden = field("budget").value !== "custom";
    if (state) about.textContent = state.t(`policy.about.${kind}`);
  }

  /** Groups that divide a head; along tokens the group is of as many tokens. @param {number} dim @param {import("../text.js").T} t */
  function groups(dim, t) {
    const select = /** @type {HTMLSelectElement} */ (root.querySelector("[name=group]"));
    const before = select.value;
    const sizes = [];
    for (let n = dim / 2; n >= 2 && Number.isInteger(n); n /= 2) sizes.push(n);
    select.replaceChildren(...(field("axis").value === "token" ? [new Option(t("policy.group.whole"), "0")] : []), ...sizes.map((n) => new Option(String(n), String(n))));
    select.value = before;
    if (select.selectedIndex < 0) select.selectedIndex = 0;
  }

  /** @param {any} next */
  function view(next) {
    const { frame, t, lang } = (state = next);
    if (!frame) return;
    const p = frame.meta.run.recipe.cache;
    const key = JSON.stringify([p, lang, frame.meta.run.config.head_dim]);
    if (key === shown) return;
    shown = key;
    now.textContent = policyName(p, t) + (p.budget ? ` · ${binary(p.budget)}` : "");
    field("cache").value = entry(p);
    if (p.axis) field("axis").value = p.axis;
    groups(frame.meta.run.config.head_dim, t);
    for (const name of ["block", "window", "sinks", "heavy"]) if (p[name]) field(name).value = String(p[name]);
    if (p.axis) {
      const group = String(p.group ?? 0);
      const select = /** @type {HTMLSelectElement} */ (root.querySelector("[name=group]"));
      if (![...select.options].some((o) => o.value === group)) select.add(new Option(group, group)); // a link may name any that divides a head
      select.value = group;
    }
    const listed = !p.budget || p.budget === 65536;
    field("budget").value = listed ? String(p.budget ?? 0) : "custom";
    if (!listed) field("kib").value = String(p.budget / 1024);
    arrange();
  }
  return { view, value };
}
