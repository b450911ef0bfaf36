// The recipe: prompt, model, how many tokens, how they are chosen.

import { calmEnter, onKey } from "../../ui/keys.js";
import { createDraft } from "./draft.js";
import { createPolicy } from "./policy.js";
import { createRequests } from "./requests.js";
import { DEFAULT, SHARED } from "../../wire/policies.js";
import { arrows, check, fault, settle } from "../../ui/refusal.js";

/** @import { Policy } from "../../facts/policy.js" */
/** @import { T } from "../../types.js" */

/**
 * @param {HTMLFormElement} form
 * @param {{run: (recipe: object) => void, seek: (step: number) => void}} act
 */
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
  const requests = createRequests(
    /** @type {HTMLElement} */ (/** @type {Element} */ (form.querySelector("[data-several]")).parentElement),
  );
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

  /**
   * A number as it stands there, 0 included. What does not count may hold anything, and is then not given.
   * @param {string} name
   */
  const number = (name) => (fault(field(name)) ? undefined : Number(field(name).value));

  function recipe() {
    const batch = requests.value();
    const beam = field("sampler").value === "beam";
    return {
      model: field("model").value,
      prompt: field("prompt").value,
      max_new: number("new"),
      sampler: {
        kind: field("sampler").value,
        temperature: number("t"),
        top_k: number("k"),
        top_p: number("p"),
        min_p: number("minp"),
        repetition_penalty: number("rp"),
        seed: digits(field("seed")),
        ...(beam && { width: number("w"), length_penalty: number("lp") }),
      },
      stop: field("stop").value ? [field("stop").value] : [],
      ...(batch && { batch }),
      cache: inBlocks(policy.value(), beam || !!batch?.share),
      ...draft.value(),
    };
  }
  function sampling() {
    const kind = field("sampler").value;
    for (const name of ["t", "k", "p", "minp", "seed"]) field(name).disabled = kind !== "sample";
    for (const name of ["w", "lp"]) field(name).disabled = kind !== "beam";
  }

  /** Fills the form when another run has begun; never while one is on. @param {any} state */
  return function view(state) {
    const { frame } = state;
    ({ lang, t } = state);
    policy.view(state);
    requests.view(state);
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
    const now = JSON.stringify([r.model, r.prompt, r.max_new, r.sampler, r.stop, r.draft, r.propose]);
    if (now === shown) return;
    shown = now;
    field("model").value = r.model;
    field("prompt").value = r.prompt;
    field("new").value = String(r.max_new);
    field("sampler").value = r.sampler.kind;
    field("t").value = String(r.sampler.temperature);
    field("k").value = String(r.sampler.top_k);
    field("p").value = String(r.sampler.top_p);
    field("minp").value = String(r.sampler.min_p);
    if (r.sampler.kind === "beam")
      [field("w").value, field("lp").value] = [String(r.sampler.width), String(r.sampler.length_penalty ?? 0)];
    field("rp").value = String(r.sampler.repetition_penalty || 1);
    field("seed").value = String(r.sampler.seed);
    field("stop").value = (r.stop ?? [])[0] ?? "";
    sampling();
    draft.fill(r);
  };
}

/** A whole number of up to 64 bits, digit by digit; undefined where it makes no sense. @param {HTMLInputElement} f */
function digits(f) {
  if (fault(f)) return undefined;
  return /^\d+$/.test(f.value) ? f.value : String(BigInt(f.valueAsNumber)); // 1e3
}

/** What several sequences share are blocks. @param {Policy} cache @param {boolean} needed */
const inBlocks = (cache, needed) =>
  needed && cache.kind === DEFAULT.kind ? { ...SHARED, budget: cache.budget } : cache;
