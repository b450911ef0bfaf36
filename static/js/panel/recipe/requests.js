// The form's section for several prompts in one run.

import { fieldsOf, write } from "./fields.js";
import { parts } from "../../ui/dom.js";

/** @import { Batch, Recipe, Request, State, T } from "../../types.js" */

/** What one request's line has, by name. @param {Element} li */
const fieldsIn = (li) => (/** @type {string} */ name) =>
  /** @type {HTMLInputElement} */ (li.querySelector(`[data-${name}]`));

/**
 * @param {HTMLElement} root a <details>
 */
export function createRequests(root) {
  const part = parts(root);
  const list = part("list");
  const request = /** @type {HTMLTemplateElement} */ (part("request"));
  const fields = fieldsOf(root);
  let t = /** @type {T} */ ((id) => id);
  let lang = "";
  const number = (/** @type {HTMLInputElement} */ input) => input.valueAsNumber; // of a form that has been checked
  const add = (/** @type {Request} */ q) => {
    const li = /** @type {HTMLElement} */ (request.content.firstElementChild?.cloneNode(true));
    const of = fieldsIn(li);
    const text = of("prompt");
    text.value = q.prompt ?? "";
    if (q.tokens) text.dataset.tokens = q.tokens.join();
    [of("arrive").value, of("new").value] = [String(q.arrive ?? 0), String(q.max_new ?? 8)];
    of("remove").addEventListener("click", () => {
      li.remove();
      count();
      part("add").focus();
    });
    for (const e of /** @type {NodeListOf<HTMLElement>} */ (li.querySelectorAll("[data-text]")))
      e.textContent = t(e.dataset.text ?? "");
    list.append(li);
    count();
    return text;
  };
  const count = () => {
    const n = list.children.length + 1;
    part("count").textContent = n > 1 ? ` ${n}` : "";
  };
  part("add").addEventListener("click", () => {
    const form = /** @type {HTMLFormElement} */ (root.closest("form"));
    const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));
    const texts = [...list.querySelectorAll("textarea")].map((x) => x.value);
    const mine = field("prompt").value;
    // Something to begin with: a prompt that the model knows and that is not here yet.
    const known = [...form.querySelectorAll("[data-known] optgroup:not([hidden]) option")].map(
      (o) => /** @type {HTMLOptionElement} */ (o).value,
    );
    add({
      prompt: known.find((p) => p !== mine && !texts.includes(p)) ?? mine,
      arrive: texts.length + 1,
      max_new: Number(field("new").value || 8),
    }).focus();
  });
  return {
    /**
     * The batch that is asked for, given how; undefined where one prompt is all.
     * @param {Batch} how @returns {Batch|undefined}
     */
    value(how) {
      const requests = [...list.children].map((li) => {
        const of = fieldsIn(li);
        const { value: prompt, dataset } = of("prompt");
        const tokens = prompt ? undefined : dataset.tokens;
        return {
          ...(tokens ? { tokens: tokens.split(",").map(Number), prompt: "" } : { prompt }),
          arrive: number(of("arrive")),
          max_new: number(of("new")),
        };
      });
      return requests.length || (how.chunk ?? 0) > 0 ? { ...how, requests } : undefined;
    },
    /** Names the fields in the page's words. @param {Pick<State, "t"|"lang">} state */
    speak(state) {
      t = state.t;
      if (lang !== state.lang)
        for (const e of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("[data-text]")))
          e.textContent = t(e.dataset.text ?? "");
      lang = state.lang;
    },
    /** Shows what a run has. @param {Recipe} recipe */
    set({ batch }) {
      list.replaceChildren();
      for (const q of batch?.requests ?? []) add(q);
      count();
      if (batch) write(fields, { batch: { chunk: 0, share: false, ...batch } });
    },
  };
}
