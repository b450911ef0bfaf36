// What fits a choice in the form: of a model its prompt, length and lanes; of sampling a prompt
// after which there is something to choose; of beams and shared beginnings a cache in blocks.

import { DEFAULT, SHARED } from "../../wire/policies.js";

/** @import { createPolicy } from "./policy.js" */
/** @import { createLaneSwitch } from "../../ui/lane-switch.js" */

/**
 * @param {HTMLFormElement} form
 * @param {ReturnType<typeof createLaneSwitch>} lanes
 * @param {ReturnType<typeof createPolicy>} policy
 */
export function createFit(form, lanes, policy) {
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  const known = /** @type {HTMLSelectElement} */ (form.querySelector("[data-known]"));
  const menu = /** @type {HTMLSelectElement} */ (form.elements.namedItem("model"));
  const offers = () => menu.selectedOptions[0]?.dataset ?? {};
  let model = menu.value; // that everything else fits
  let offered = offers();
  let shared = false; // blocks are needed
  let moved = false; // and the policy has been changed for them

  /** The groups of a model's prompts. @param {string} name @param {boolean} [open] only those, or only the others */
  function groups(name, open) {
    return /** @type {HTMLElement[]} */ ([...known.querySelectorAll("optgroup")]).filter(
      (g) =>
        g.dataset.models?.split(" ").includes(name) && (open === undefined || open === (g.dataset.open !== undefined)),
    );
  }
  const prompts = (/** @type {HTMLElement[]} */ of) =>
    of.flatMap((g) => [...g.querySelectorAll("option")].map((o) => o.value));

  /** The first prompt of some, in a language where there is one. @param {HTMLElement[]} of @param {string} lang */
  function suggest(of, lang) {
    const [first] = prompts([...of.filter((g) => g.dataset.lang === lang), ...of]);
    if (first !== undefined) field("prompt").value = first;
  }

  return {
    groups,
    /** The form shows a run: that is what fits now. @param {boolean} needed blocks, see share */
    settle(needed) {
      [model, offered, shared, moved] = [menu.value, offers(), needed, false];
    },
    /** Another model has been chosen: what it was not made for gives way to its own. @param {string} lang */
    model(lang) {
      const [was, is] = [prompts(groups(model)), prompts(groups(menu.value))];
      if (was.join("\n") !== is.join("\n") && !is.includes(field("prompt").value))
        suggest(groups(menu.value, false), lang);
      const [length, now] = [field("new"), offers()];
      const most = Math.floor(Number(now.context) / 2);
      if (length.value === offered.new) length.value = now.new ?? length.value;
      else if (most > 0 && Number(length.value) > most) length.value = String(most);
      if (lanes.value() === offered.lanes) lanes.set(now.lanes ?? "both");
      [model, offered] = [menu.value, now];
    },
    /**
     * Tokens will be drawn: a prompt of the list after which one token is sure gives way to an open one.
     * @param {string} lang
     */
    sampling(lang) {
      if (prompts(groups(menu.value, false)).includes(field("prompt").value)) suggest(groups(menu.value, true), lang);
    },
    /** What is shared lies in blocks: the form says so, and takes back what it changed. @param {boolean} needed */
    share(needed) {
      const { budget, ...kind } = policy.value();
      const has = (/** @type {object} */ p) => JSON.stringify(kind) === JSON.stringify(p);
      if (needed && !shared && has(DEFAULT)) policy.set({ ...SHARED, budget });
      else if (!needed && moved && has(SHARED)) policy.set({ ...DEFAULT, budget });
      if (needed !== shared) moved = needed && has(DEFAULT);
      shared = needed;
    },
  };
}
