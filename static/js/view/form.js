// The recipe: prompt, model, how many tokens, how they are chosen.

import { calmEnter, onKey } from "../keys.js";
import { createDraft } from "./draftform.js";
import { createPolicy } from "./policyform.js";
import { createRequests } from "./requests.js";

/**
 * @param {HTMLFormElement} form
 * @param {{run: (recipe: object) => void, seek: (step: number) => void}} act
 */
export function createForm(form, act) {
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
  const known = /** @type {HTMLSelectElement} */ (form.querySelector("[data-known]"));
  const policy = createPolicy(/** @type {HTMLElement} */ (form.querySelector("[data-policy]")), act);
  const draft = createDraft(form);
  const requests = createRequests(/** @type {HTMLElement} */ (/** @type {Element} */ (form.querySelector("[data-several]")).parentElement));
  let shown = "";
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    act.run(recipe());
  });
  calmEnter(form);
  onKey(field("prompt"), (key, e) => {
    if (key === "Enter" && !e.shiftKey) {
      e.preventDefault();
      form.requestSubmit();
    }
  });
  known.addEventListener("change", () => {
    if (!known.value) return;
    field("prompt").value = known.value;
    known.selectedIndex = 0;
    act.run(recipe());
  });
  form.addEventListener("change", sampling);
  field("model").addEventListener("change", () => {
    // A prompt that the new model was not made for gives way to its first one.
    const mine = groups(field("model").value);
    const prompts = mine.flatMap((g) => [...g.querySelectorAll("option")].map((o) => o.value));
    if (mine.length && !prompts.includes(field("prompt").value)) {
      const first = mine.find((g) => g.dataset.lang === lang) ?? mine[0];
      field("prompt").value = first.querySelector("option")?.value ?? "";
    }
    act.run(recipe());
  });
  let lang = "";

  /** The prompts of a model, one group a language. @param {string} model */
  function groups(model) {
    return /** @type {HTMLElement[]} */ ([...known.querySelectorAll("optgroup")]).filter((g) => g.dataset.models?.split(" ").includes(model));
  }

  function recipe() {
    const batch = requests.value();
    const beam = field("sampler").value === "beam";
    return {
      model: field("model").value,
      prompt: field("prompt").value,
      max_new: Math.trunc(field("new").valueAsNumber) || -1, // an empty field is refused by name, not guessed
      sampler: {
        kind: field("sampler").value,
        temperature: Number(field("t").value) || -1,
        top_k: Math.trunc(Number(field("k").value)),
        top_p: Number(field("p").value) || -1,
        min_p: field("minp").value === "" ? -1 : Number(field("minp").value),
        repetition_penalty: Number(field("rp").value) === 1 ? 0 : Number(field("rp").value), // both are off
        seed: field("seed").value.trim() || "0",
        ...(beam && { width: Math.trunc(Number(field("w").value)) || -1, length_penalty: field("lp").value === "" ? -1 : Number(field("lp").value) }),
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
    lang = state.lang;
    policy.view(state);
    requests.view(state);
    const model = frame?.meta.run.recipe.model ?? field("model").value;
    const mine = groups(model);
    for (const group of known.querySelectorAll("optgroup")) group.hidden = !mine.includes(group) || group.dataset.lang !== lang;
    for (const world of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#world [data-models]"))) {
      world.hidden = !world.dataset.models?.split(" ").includes(model);
    }
    if (!frame) return;
    const r = frame.meta.run.recipe;
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
    if (r.sampler.kind === "beam") [field("w").value, field("lp").value] = [String(r.sampler.width), String(r.sampler.length_penalty ?? 0)];
    field("rp").value = String(r.sampler.repetition_penalty || 1);
    field("seed").value = String(r.sampler.seed);
    field("stop").value = (r.stop ?? [])[0] ?? "";
    sampling();
    draft.fill(r);
  };
}

/** What several sequences share are blocks. @param {import("./policy.js").Policy} cache @param {boolean} needed */
const inBlocks = (cache, needed) => (needed && cache.kind === "contiguous" ? { ...cache, kind: "paged", block: cache.block || 4 } : cache);
