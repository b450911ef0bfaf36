// The page of figures: the server writes it, for whoever has no script too. Here
// a change is drawn at once, without leaving the place.

import { translator } from "./text.js";
import { check, fault } from "./ui/refusal.js";
import { words } from "./ui/words.js";

/** @import { Args, T } from "./types.js" */

const form = /** @type {HTMLFormElement} */ (document.getElementById("plot-form"));
const note = /** @type {HTMLElement} */ (document.getElementById("plot-status"));
const figures = () => /** @type {HTMLElement} */ (document.getElementById("figures"));
let current = new XMLHttpRequest();

/** The moment that the figures were opened from, as a link without its "?". */
const run = new URLSearchParams(location.search).get("run");

/** Every way from here leads back to it: the link to the run, and the same figures in another language. */
function remember() {
  if (run === null) return;
  for (const a of /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("#plot-tools a"))) {
    const to = new URL(a.href);
    if (to.pathname === "/plots") to.searchParams.set("run", run);
    else {
      const lang = to.searchParams.get("lang");
      to.search = run;
      if (lang) to.searchParams.set("lang", lang);
    }
    a.href = to.href;
  }
}
remember();

/**
 * A page of this server as a document. XMLHttpRequest parses it itself: the policy
 * allows no script to make markup out of text (require-trusted-types-for).
 * @param {XMLHttpRequest} request @param {string} url @param {string} method
 * @returns {Promise<Document>}
 */
function read(request, url, method) {
  return new Promise((done, fail) => {
    request.open(method, url);
    request.responseType = "document";
    request.onload = () =>
      request.response ? done(request.response) : fail(new Error(`${request.status} ${request.statusText}`));
    request.onerror = () => fail(new Error(note.dataset.lost));
    request.send();
  });
}

/** An address of this page that still knows the run. @param {string} url */
function withRun(url) {
  const to = new URL(url);
  if (run !== null) to.searchParams.set("run", run);
  return to.href;
}

/** Fetches the page anew and takes over what follows from the form. @param {string} url @param {string} [method] */
async function show(url, method = "GET") {
  current.abort(); // whoever waits for it waits for ever, and is forgotten
  const mine = (current = new XMLHttpRequest());
  figures().setAttribute("aria-busy", "true");
  try {
    const next = await read(mine, url, method);
    for (const id of ["figures", "plot-tools"]) {
      const to = next.getElementById(id);
      if (to) document.getElementById(id)?.replaceWith(document.adoptNode(to));
    }
    remember();
    if (mine.status < 300) history.replaceState(null, "", withRun(mine.responseURL));
    note.textContent = figures().querySelector("[role=alert]")?.textContent ?? "";
  } catch (e) {
    if (mine !== current) return;
    figures().removeAttribute("aria-busy");
    note.textContent = e instanceof Error ? e.message : String(e);
  }
}

/** Words are fetched when there is something to say. @type {Promise<T>|undefined} */
let spoken;
async function fetched() {
  const lang = document.documentElement.dataset.lang ?? "en";
  try {
    return translator(await words(lang), lang);
  } catch {
    // nobody answers: the range says enough
    spoken = undefined;
    return (/** @type {string} */ _, /** @type {Args} */ args = {}) => `${args.Name}: ${args.Least}–${args.Most}`;
  }
}

/** Can the form go off? @param {boolean} loud leads to what cannot */
async function fine(loud) {
  const numbers = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("input[type=number]"));
  const wrong = [...numbers].some(fault);
  return check(form, wrong ? await (spoken ??= fetched()) : (id) => id, loud);
}

/** @param {boolean} loud */
const ask = async (loud) => {
  if (!(await fine(loud))) return;
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value !== "") query.set(name, String(value));
  return show(`/plots?${query}`);
};

form.addEventListener("change", () => ask(false));
form.addEventListener("submit", (e) => {
  e.preventDefault();
  ask(true);
});

document.addEventListener("submit", async (e) => {
  const button = /** @type {HTMLFormElement} */ (e.target);
  if (!button.classList.contains("measure")) return;
  e.preventDefault();
  note.textContent = button.dataset.busy ?? "";
  for (const b of figures().querySelectorAll(".measure button")) {
    b.setAttribute("aria-disabled", "true");
    b.textContent = button.dataset.busy ?? "";
  }
  await show(button.action, "POST");
  figures().focus({ preventScroll: true });
});
