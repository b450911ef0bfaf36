// The part of the run's form that says how the cache is kept.

import { arrows } from "../../ui/refusal.js";
import { si } from "../../format.js";
import { entry, paramOf, policyName } from "../../facts/policy.js";
import { withTerms, say } from "../../ui/terms.js";
import { POLICIES, WORDS } from "../../wire/policies.js";

/** @import { Policy } from "../../facts/policy.js" */
/** @import { T } from "../../types.js" */

/** The parameters that an offer of a policy asks for. @param {string} kind @param {string} offer */
const askedFor = (kind, offer) => POLICIES[kind].params.filter((name) => !POLICIES[kind].offers[offer].includes(name));

/** @param {HTMLElement} root */
export function createPolicy(root) {
  const field = (/** @type {string} */ name) =>
    /** @type {HTMLInputElement} */ (root.querySelector(`[name="${name}"]`));
  const [now, about, custom] = ["now", "about", "custom"].map(
    (name) => /** @type {HTMLElement} */ (root.querySelector(`[data-${name}]`)),
  );
  const menu = /** @type {HTMLSelectElement} */ (root.closest("form")?.elements.namedItem("model"));
  const dim = () => Number(menu.selectedOptions[0]?.dataset.dim); // of a head of the chosen model
  let grouped = 0; // dim when the menu of groups was made
  let t = /** @type {T} */ ((id) => id);
  root.addEventListener("change", (e) => {
    const { name } = /** @type {HTMLInputElement} */ (e.target);
    if (name === "axis") {
      groups();
      field("group").value = field("axis").value === "channel" ? "8" : "0";
    }
    if (field("budget").value === "custom" && name === "budget") field("kb").value = "128";
  });

  arrows(root);

  /** Of a form that has been checked. @returns {Policy} */
  function value() {
    const kind =
      /** @type {HTMLSelectElement} */ (root.querySelector("[name=cache]")).selectedOptions[0].dataset.kind ?? "";
    const budget =
      field("budget").value === "custom"
        ? Math.max(Math.round(1000 * Number(field("kb").value)), 1)
        : Number(field("budget").value);
    const asked = askedFor(kind, field("cache").value);
    const one = (/** @type {string} */ name) => (WORDS.includes(name) ? field(name).value : Number(field(name).value));
    return { kind, ...Object.fromEntries(asked.map((name) => [name, one(name)])), budget };
  }

  /** Shows what matters for the chosen offer, and names it. */
  function look() {
    if (dim() !== grouped) groups(); // another model has been chosen
    const offer = field("cache").value;
    for (const label of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-for]")))
      label.hidden = !label.dataset.for?.split(" ").includes(offer);
    custom.hidden = field("budget").value !== "custom";
    say(about, withTerms(t)(`policy.about.${offer}`));
    const p = value();
    now.textContent = policyName(p, t) + (p.budget ? ` · ${si(p.budget, "B")}` : "");
  }

  /** Groups that divide a head; along tokens the group is of as many tokens. */
  function groups() {
    grouped = dim();
    const select = /** @type {HTMLSelectElement} */ (root.querySelector("[name=group]"));
    const before = select.value;
    const sizes = [];
    for (let n = dim() / 2; n >= 2 && Number.isInteger(n); n /= 2) sizes.push(n);
    select.replaceChildren(
      ...(field("axis").value === "token" ? [new Option(t("policy.group.whole"), "0")] : []),
      ...sizes.map((n) => new Option(String(n), String(n))),
    );
    select.value = before;
    if (select.selectedIndex < 0) select.selectedIndex = 0;
  }

  /**
   * Puts a number where it is asked for; a link may name a group that no menu has.
   * @param {string} name @param {string} value
   */
  function put(name, value) {
    const f = /** @type {HTMLInputElement|HTMLSelectElement} */ (field(name));
    if (f instanceof HTMLSelectElement && ![...f.options].some((o) => o.value === value))
      f.add(new Option(value, value));
    f.value = value;
  }

  return {
    value,
    /** Shows what the fields mean, in a page's words. @param {T} [words] */
    look(words = t) {
      t = words;
      look();
    },
    /** Fills the fields. @param {Policy} p */
    set(p) {
      field("cache").value = entry(p);
      const asked = askedFor(p.kind, entry(p));
      for (const name of asked.filter((n) => WORDS.includes(n))) field(name).value = String(paramOf(p, name) ?? "");
      groups();
      for (const name of asked.filter((n) => !WORDS.includes(n))) put(name, String(paramOf(p, name) ?? 0));
      const listed = !p.budget || p.budget === 65536;
      field("budget").value = listed ? String(p.budget ?? 0) : "custom";
      if (!listed) field("kb").value = String((p.budget ?? 0) / 1000);
    },
  };
}
