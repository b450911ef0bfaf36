// The page of figures: the server writes it, for whoever has no script too. Here
// a change is drawn at once, without leaving the place.

import { translator } from "./text.js";
import { check, fault } from "./view/refusal.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("plot-form"));
const note = /** @type {HTMLElement} */ (document.getElementById("plot-status"));
const figures = () => /** @type {HTMLElement} */ (document.getElementById("figures"));
let current = new AbortController();

/** Fetches the page anew and takes over what follows from the form. @param {string} url @param {RequestInit} [how] */
async function show(url, how = {}) {
  current.abort();
  const mine = (current = new AbortController());
  figures().setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(url, { ...how, signal: mine.signal });
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine.signal.aborted) return;
    for (const id of ["figures", "plot-tools"]) {
      const to = next.getElementById(id);
      if (to) document.getElementById(id)?.replaceWith(document.adoptNode(to));
    }
    if (answer.ok) history.replaceState(null, "", answer.url);
    note.textContent = figures().querySelector("[role=alert]")?.textContent ?? "";
  } catch (e) {
    if (mine.signal.aborted) return;
    figures().removeAttribute("aria-busy");
    note.textContent = e instanceof Error ? e.message : String(e);
  }
}

/** Words are fetched when there is something to say. @type {Promise<import("./text.js").T>|undefined} */
let words;
async function fetched() {
  const lang = document.documentElement.dataset.lang ?? "en";
  return translator(await (await fetch(`/text/${lang}.json`)).json(), lang);
}

/** Can the form go off? @param {boolean} loud leads to what cannot */
async function fine(loud) {
  const numbers = /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("input[type=number]"));
  const wrong = [...numbers].some(fault);
  return check(form, wrong ? await (words ??= fetched()) : (id) => id, loud);
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
  await show(button.action, { method: "POST" });
  figures().focus({ preventScroll: true });
});

