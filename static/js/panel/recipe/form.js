// The recipe: prompt, model, how many tokens, how they are chosen.

import { calmEnter, onKey } from "../../ui/keys.js";
import { createDraft } from "./draft.js";
import { createLaneSwitch } from "../../ui/lane-switch.js";
import { createPolicy } from "./policy.js";
import { DEFAULT, SHARED } from "../../wire/policies.js";
import { createRequests } from "./requests.js";
import { fieldsOf, read, valueIn, write } from "./fields.js";
import { arrows, check, settle } from "../../ui/refusal.js";

/** @import { Policy } from "../../facts/policy.js" */
/** @import { Actions, Batch, State, T } from "../../types.js" */

/** @param {HTMLFormElement} form @param {Actions} act */
export function createForm(form, act) {
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  const known = /** @type {HTMLSelectElement} */ (form.querySelector("[data-known]"));
  const run = (/** @type {Event} */ e) => {
    if (check(form, t)) act.run(recipe());
    else e.stopImmediatePropagation(); // nothing has been sent
  };
  let t = /** @type {T} */ ((id) => id);
  const policy = createPolicy(/** @type {HTMLElement} */ (form.querySelector("[data-policy]")), act);
  const draft = createDraft(form);
  const lanes = createLaneSwitch(/** @type {HTMLElement} */ (form.querySelector(".lane-switch")));
  const requests = createRequests(
    /** @type {HTMLElement} */ (/** @type {Element} */ (form.querySelector("[data-several]")).parentElement),
  );
  const own = fieldsOf(form).filter((f) => !f.closest("[data-several]"));
  const offeredLanes = () =>
    /** @type {HTMLSelectElement} */ (form.elements.namedItem("model")).selectedOptions[0]?.dataset.lanes ?? "both";
  let offered = offeredLanes(); // of the model that was chosen last
  let shown = "";
  let filled = ""; // the recipe that the form has been filled with
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    run(e);
  });
  arrows(form);
  calmEnter(form);
  onKey(field("prompt"), (key, e) => {
    if (key === "Enter" && !e.shiftKey) {
      e.preventDefault();
      form.requestSubmit();
    }
  });
  known.addEventListener("change", (e) => {
    if (!known.value) return;
    field("prompt").value = known.value;
    known.selectedIndex = 0;
    run(e);
  });
  form.addEventListener("change", sampling);
  field("model").addEventListener("change", (e) => {
    // A prompt that the new model was not made for gives way to its first one.
    const mine = groups(field("model").value);
    const prompts = mine.flatMap((g) => [...g.querySelectorAll("option")].map((o) => o.value));
    if (mine.length && !prompts.includes(field("prompt").value)) {
      const first = mine.find((g) => g.dataset.lang === lang) ?? mine[0];
      field("prompt").value = first.querySelector("option")?.value ?? "";
    }
    // So do more new tokens than it could read after a prompt of some length.
    const most = Math.floor(Number(/** @type {HTMLSelectElement} */ (e.target).selectedOptions[0].dataset.context) / 2);
    if (most > 0 && Number(field("new").value) > most) field("new").value = String(most);
    // And the lanes that the page offers of the one before, to those of this one.
    if (lanes.value() === offered) lanes.set(offeredLanes());
    offered = offeredLanes();
    sampling();
    run(e);
  });
  let lang = "";

  /** The prompts of a model, one group a language. @param {string} model */
  function groups(model) {
    return /** @type {HTMLElement[]} */ ([...known.querySelectorAll("optgroup")]).filter((g) =>
      g.dataset.models?.split(" ").includes(model),
    );
  }

  function recipe() {
    draft.offer(); // the model may have just been chosen
    const { batch: how, ...rest } = read(fieldsOf(form));
    const batch = requests.value(/** @type {Batch} */ (how));
    const shared = field("sampler").value === "beam" || !!batch?.share;
    return { ...rest, ...(batch && { batch }), lanes: lanes.value(), cache: inBlocks(policy.value(), shared) };
  }
  function sampling() {
    const kind = field("sampler").value;
    for (const f of own) if (f.dataset.sampler) f.disabled = f.dataset.sampler !== kind;
  }

  /** Fills the form when another run has begun; never while one is on. @param {State} state */
  return function view(state) {
    const { frame } = state;
    ({ lang, t } = state);
    policy.view(state);
    requests.view(state);
    lanes.view(state);
    const model = frame?.meta.run.recipe.model ?? field("model").value;
    const mine = groups(model);
    for (const group of known.querySelectorAll("optgroup"))
      group.hidden = !mine.includes(group) || group.dataset.lang !== lang;
    for (const world of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#world [data-models]"))) {
      world.hidden = !world.dataset.models?.split(" ").includes(model);
    }
    if (!frame) return;
    const r = frame.meta.run.recipe;
    const all = JSON.stringify(r);
    if (all !== filled) queueMicrotask(() => settle(form)); // when every part is filled in
    filled = all;
    const now = JSON.stringify(own.map((f) => valueIn(r, f)));
    if (now === shown) return;
    shown = now;
    write(own, r);
    offered = offeredLanes();
    sampling();
    draft.offer();
  };
}

/** What several sequences share are blocks. @param {Policy} cache @param {boolean} needed */
const inBlocks = (cache, needed) =>
  needed && cache.kind === DEFAULT.kind ? { ...SHARED, budget: cache.budget } : cache;
