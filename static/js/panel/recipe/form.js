// The recipe: prompt, model, how many tokens, how they are chosen. Whatever is changed is run by New run.

import { calmEnter, onKey } from "../../ui/keys.js";
import { createDraft } from "./draft.js";
import { createFit } from "./fit.js";
import { createLaneSwitch } from "../../ui/lane-switch.js";
import { createPolicy } from "./policy.js";
import { createRequests } from "./requests.js";
import { fieldsOf, read, write } from "./fields.js";
import { arrows, check, settle } from "../../ui/refusal.js";
import { differing, sameText } from "./pending.js";
import { SHARED } from "../../wire/policies.js";

/** @import { Json } from "./fields.js" */
/** @import { Actions, Batch, Frame, State, T } from "../../types.js" */

/** @param {HTMLFormElement} form @param {Actions} act */
export function createForm(form, act) {
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (form.querySelector(`[data-${name}]`));
  const known = /** @type {HTMLSelectElement} */ (part("known"));
  const own = fieldsOf(form).filter((f) => !f.closest("[data-several]"));
  const policy = createPolicy(part("policy"));
  const draft = createDraft(form);
  const lanes = createLaneSwitch(/** @type {HTMLElement} */ (form.querySelector(".lane-switch")));
  const requests = createRequests(/** @type {HTMLElement} */ (part("several").parentElement));
  const fit = createFit(form, lanes, policy);
  let t = /** @type {T} */ ((id) => id);
  let lang = "";
  let frame = /** @type {Frame|null} */ (null);
  let filled = ""; // the run that the form has been filled with
  let base = /** @type {Json} */ ({}); // what the form holds of that run

  form.addEventListener("submit", (e) => {
    e.preventDefault();
    if (!check(form, t)) return e.stopImmediatePropagation(); // nothing has been sent
    const [recipe, step] = [asked(), frame?.meta.step];
    const stay = sameText(differing(base, recipe));
    act.run(recipe);
    if (stay && step) act.seek(step.n);
    if (field("sampler").value === "sample" && Number(field("t").value) === 0) {
      field("sampler").value = "greedy"; // which is the same, and what the run is called
      look();
    }
  });
  arrows(form);
  calmEnter(form);
  onKey(field("prompt"), (key, e) => {
    if (key === "Enter" && !e.shiftKey) {
      e.preventDefault();
      form.requestSubmit();
    }
  });
  known.addEventListener("change", () => {
    if (known.value) field("prompt").value = known.value;
    known.selectedIndex = 0;
  });
  field("model").addEventListener("change", () => fit.model(lang));
  field("sampler").addEventListener("change", () => field("sampler").value === "sample" && fit.sampling(lang));
  form.addEventListener("input", edited);
  form.addEventListener("change", edited);
  form.addEventListener("click", () => queueMicrotask(look)); // a prompt more or less

  /** What stands in the form, as far as it matters. @returns {Json} */
  function asked() {
    const { batch: how, ...rest } = read(fieldsOf(form).filter((f) => !f.disabled));
    const batch = requests.value(/** @type {Batch} */ (how));
    return { ...rest, ...(batch && { batch }), lanes: lanes.value(), cache: policy.value() };
  }
  const shares = () => field("sampler").value === "beam" || (field("share").checked && !!asked().batch);

  function edited() {
    act.forgive();
    look();
  }
  /** Shows what matters, and what is not yet run. */
  function look() {
    draft.offer(); // the model may have just been chosen
    for (const f of own) if (f.dataset.sampler) f.disabled = f.dataset.sampler !== field("sampler").value;
    fit.share(shares());
    policy.look(t);
    say();
    if (frame) act.edited(differing(base, asked()));
  }
  function say() {
    for (const p of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-shares]"))) {
      p.hidden = !shares() || policy.value().kind !== SHARED.kind;
      p.textContent = p.hidden ? "" : t("policy.shares", { Policy: t(`policy.kind.${SHARED.kind}`) });
    }
  }

  /** Fills the form when another run has begun; never while one is on. @param {State} state @param {State} before */
  return function view(state, before) {
    ({ lang, t, frame } = state);
    const recipe = frame?.meta.run.recipe;
    const model = recipe?.model ?? field("model").value;
    for (const group of known.querySelectorAll("optgroup"))
      group.hidden = !fit.groups(model).includes(group) || group.dataset.lang !== lang;
    for (const world of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#world [data-models]")))
      world.hidden = !world.dataset.models?.split(" ").includes(model);
    requests.speak(state);
    const { forced: _, ...run } = recipe ?? {}; // where it has been forked is not in the form
    const now = JSON.stringify(run);
    if (recipe && now !== filled) {
      filled = now;
      write(own, recipe);
      policy.set(recipe.cache);
      lanes.set(recipe.lanes);
      requests.set(recipe);
      fit.settle(shares());
      look();
      base = asked();
      act.edited([]);
      queueMicrotask(() => settle(form));
    }
    if (t !== before.t || !filled) policy.look(t);
    say();
    part("pending").textContent = state.pending.length ? t("recipe.pending") : "";
  };
}
