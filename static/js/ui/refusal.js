// A form never refuses in silence: what stands in the way is opened, the field is
// marked and focused, and the reason stands beside it in the page's own words.
// Both kinds come here: what the page sees itself, and what the server sends back.

import { onKey } from "./keys.js";
import { el, write } from "./dom.js";

/** @import { Args, State, T } from "../types.js" */

/** @typedef {HTMLInputElement|HTMLSelectElement|HTMLTextAreaElement} Field */
/** @typedef {{id: string, args: Args}} Reason */

/** Fields of problems that name none. @type {Record<string, string>} */
const OF = {
  "prompt.empty": "prompt",
  "prompt.long": "max_new",
  "prompt.bytes": "prompt",
  "prompt.word": "prompt",
  "prompt.token": "prompt",
  "prompt.tokenizer": "prompt",
  "message.long": "prompt",
  "model.unknown": "model",
  "recipe.max_new": "max_new",
  "cache.group": "group",
  "speculative.propose": "propose",
  "speculative.vocab": "draft",
  "speculative.cache": "cache",
};

/** What does not go together, besides ways to keep a cache. @type {Record<string, string>} */
const APART = {
  beam: "recipe.beam",
  draft: "spec.title",
  batch: "several.title",
  share: "several.share",
  fork: "branch.title",
};

/**
 * Why fields are marked now, each in whatever language.
 * @type {Map<Field, {say: (t: T) => string, note: HTMLElement, server: boolean}>}
 */
const marked = new Map();

/** Does it stand where the form has room for it, and count? @param {Field} f */
const counts = (f) => !f.disabled && !f.closest("[hidden]");

/** What a number field has against its number; null is nothing. @param {HTMLInputElement} f @returns {Reason|null} */
export function fault(f) {
  const v = f.validity;
  const reason = (/** @type {string} */ id) => ({
    id: `form.${id}`,
    args: { Have: f.value, Least: written(f.min), Most: written(f.max) },
  });
  if (v.badInput) return reason("number");
  if (f.value === "") return f.dataset.optional === undefined ? reason("empty") : null;
  if (v.rangeUnderflow || v.rangeOverflow || beyond(f)) return reason("range");
  return v.stepMismatch ? reason("whole") : null; // of other numbers any step is as good
}

/** A seed has more digits than the browser compares. @param {HTMLInputElement} f */
const beyond = (f) => /^\d{16,}$/.test(f.value) && /^\d+$/.test(f.max) && BigInt(f.value) > BigInt(f.max);

/** The name that a field has on the page, without its hint "(0: all)". @param {Field} f */
const nameOf = (f) =>
  (f.closest("label")?.querySelector(".name")?.textContent ?? "").replace(/\s*[(（][^()（）]*[)）]$/, "");

/** An end of a range, as numbers are written in the page's language where they keep their digits. @param {string} s */
const written = (s) => (Number.isSafeInteger(Number(s)) ? Number(s) : s);

/** @param {Field} f @param {Reason} why @returns {(t: T) => string} */
const worded =
  (f, { id, args }) =>
  (t) =>
    t(id, { Name: nameOf(f), ...args });

/**
 * Looks at every number of a form. What is wrong is marked; loud also goes there.
 * @param {HTMLElement} root @param {T} t @param {boolean} [loud] @returns {boolean} whether nothing is
 */
export function check(root, t, loud = true) {
  const wrong = /** @type {HTMLInputElement[]} */ ([...root.querySelectorAll("input[data-field][type=number]")]).filter(
    (f) => {
      const why = counts(f) && fault(f);
      if (!why) clear(f);
      else mark(f, worded(f, why), t);
      return why;
    },
  );
  if (loud && wrong.length) go(wrong[0]);
  return !wrong.length;
}

/**
 * The field that a problem is about, where the form has it.
 * @param {ParentNode} root @param {{problem: string, args?: Args}} problem @returns {Field|null}
 */
export function fieldOf(root, { problem, args = {} }) {
  const names = [args.Field, OF[problem], args.A, args.B]; // A and B do not go together
  const fields = /** @type {Field[]} */ ([...root.querySelectorAll("[data-field]")]).filter(counts);
  const name = names.find((n) => fields.some((f) => f.dataset.field === n));
  const all = fields.filter((f) => f.dataset.field === name);
  // Requests have the run's own fields again: it is the one that holds what was refused.
  return all.find((f) => args.Have !== undefined && f.value === String(args.Have)) ?? all[0] ?? null;
}

/** A word that no link has, whatever field of a recipe is called so: its message puts it in quotes. */
const UNKNOWN = "link.unknown";

/**
 * A problem in words, its fields called as the page calls them.
 * @param {{problem: string, args?: Args}} problem @param {T} t
 */
export function told({ problem, args = {} }, t) {
  const own = { ...args };
  const name =
    args.Field &&
    problem !== UNKNOWN &&
    [.../** @type {NodeListOf<Field>} */ (document.querySelectorAll("[data-field]"))]
      .filter((f) => f.dataset.field === args.Field)
      .map(nameOf)
      .find(Boolean);
  if (name) own.Field = `“${name}”`;
  if (problem === "recipe.together")
    for (const key of ["A", "B"]) own[key] = `“${t(APART[String(args[key])] ?? `policy.kind.${args[key]}`)}”`;
  // Chinese has no space there
  return t(`problem.${problem}`, own).replace(/” (?=\p{Script=Han})|(?<=\p{Script=Han}) (?=“)/gu, (s) => s.trim());
}

/** The server's answer. @param {Field} f @param {{problem: string, args?: Args}} problem @param {T} t */
export function refuse(f, problem, t) {
  mark(f, (t) => told(problem, t), t, true);
  go(f);
}

/** Nothing of the server's stands any more. */
export function forgive() {
  for (const [f, { server }] of marked) if (server) clear(f);
}

/** Fields have been filled in anew, or are gone: what is right now is not marked. @param {HTMLElement} root */
export function settle(root) {
  for (const [f, { server }] of marked) {
    const right = server || f.type !== "number" || !fault(/** @type {HTMLInputElement} */ (f));
    if (!f.isConnected || (right && root.contains(f))) clear(f);
  }
}

/** The page has another language. @param {T} t */
export function reword(t) {
  for (const { say, note } of marked.values()) note.textContent = say(t);
}

/**
 * @param {Field} f
 * @param {(t: T) => string} say
 * @param {T} t
 * @param {boolean} [server] its notice is spoken at the top of the page
 */
function mark(f, say, t, server = false) {
  let note = marked.get(f)?.note;
  if (!note) {
    note = el("p", [], { class: "refusal", id: `refusal-${++notes}`, "data-testid": "refusal" });
    if (!server) note.setAttribute("role", "alert");
    if (f.matches("input, select, textarea")) f.setAttribute("aria-invalid", "true");
    const above = server && !f.closest(".sheet"); // in sight of the notice, which need not be said twice
    f.setAttribute("aria-describedby", above ? "problem-text" : note.id);
    f.addEventListener("input", look);
    f.addEventListener("change", look);
    if (!above) place(f, note);
  }
  marked.set(f, { say, note, server });
  const text = say(t);
  write(note, text);
}
let notes = 0;

/** A mark goes as soon as its reason does. @param {Event} e */
function look(e) {
  const f = /** @type {HTMLInputElement} */ (e.currentTarget);
  if (marked.get(f)?.server || f.type !== "number" || !fault(f)) clear(f);
}

/** @param {Field} f */
function clear(f) {
  const one = marked.get(f);
  if (!one) return;
  marked.delete(f);
  one.note.remove();
  f.removeAttribute("aria-invalid");
  f.removeAttribute("aria-describedby");
  f.removeEventListener("input", look);
  f.removeEventListener("change", look);
}

/**
 * After the fields that stand in one line with it, or where the form ends.
 * @param {Field} f
 * @param {HTMLElement} note
 */
function place(f, note) {
  open(f); // only what is shown stands anywhere
  let at = /** @type {HTMLElement} */ (f.closest("label") ?? f);
  if (!at.closest(".sheet")) return void f.form?.append(note);
  const end = at.getBoundingClientRect().bottom;
  for (
    let next = at.nextElementSibling;
    next instanceof HTMLElement && (next.matches(".refusal") || next.getBoundingClientRect().top < end);
    next = next.nextElementSibling
  )
    at = next;
  at.after(note);
}

/** Opens whatever hides a field: menus, and what a small window folds away. @param {HTMLElement} f */
function open(f) {
  for (let e = f.closest("details"); e; e = e.parentElement?.closest("details") ?? null) e.open = true;
  if (f.checkVisibility()) return;
  const form = f.closest("form");
  for (const fold of /** @type {HTMLElement[]} */ ([
    document.querySelector(`[aria-controls="${form?.id}"]`),
    form?.closest(".transport")?.querySelector("[data-more]") ?? null,
  ])) {
    if (fold?.checkVisibility() && fold.getAttribute("aria-expanded") === "false") fold.click();
  }
}

/** @param {Field} f */
function go(f) {
  open(f);
  f.focus();
  if (f instanceof HTMLInputElement) f.select();
  marked.get(f)?.note.scrollIntoView({ block: "nearest" });
  f.scrollIntoView({ block: "nearest" });
}

/**
 * Numbers that are not whole have no step for the browser; their arrow keys still have.
 * @param {ParentNode} root
 */
export function arrows(root) {
  for (const f of /** @type {NodeListOf<HTMLInputElement>} */ (root.querySelectorAll('input[step="any"][data-step]'))) {
    onKey(f, (key, e) => {
      const by = { ArrowUp: 1, ArrowDown: -1 }[key];
      if (!by) return;
      e.preventDefault();
      const to = (Number(f.value) || 0) + by * Number(f.dataset.step);
      f.value = String(Number(Math.min(Math.max(to, Number(f.min)), Number(f.max)).toFixed(9)));
      f.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
}

/** Follows the page: its language, and what the server refuses of the form that was sent last. */
export function createRefusals() {
  /** @param {State} state @param {State} before */
  return function view({ problem, sender, t }, before) {
    if (t !== before.t) reword(t);
    if (problem === before.problem) return;
    forgive();
    const form = problem && sender && document.getElementById(sender);
    const f = form && fieldOf(form, problem);
    if (f) refuse(f, problem, t);
  };
}
