// What surrounds the run: problems, connection, language, theme, help, readout.

import { isolate } from "../../text.js";
import { write } from "../../ui/dom.js";
import { readTheme } from "../../ui/theme.js";
import { patterns } from "../../facts/patterns.js";
import { readout } from "../../facts/readout.js";
import { told } from "../../ui/refusal.js";
import { say, withTerms } from "../../ui/terms.js";

/** @import { Host, Panel, State } from "../../types.js" */

/** What is pressed or chosen as a whole: no term inside can be. */
const PRESSED = "button, a, summary, option, math, label:has([type=radio], [type=checkbox])";

/** @type {Panel} */
export const panel = { id: "chrome", offline: true, create };

/** @param {HTMLElement} _ @param {Host} host */
function create(_, { store, act }) {
  const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
  const alert = byId("problem");
  const offline = byId("offline");
  const help = /** @type {HTMLDialogElement} */ (byId("help"));
  byId("problem-close").addEventListener("click", () => store.set({ problem: null }));
  byId("help-open").addEventListener("click", () => help.showModal());
  byId("help-close").addEventListener("click", () => help.close());
  for (const button of document.querySelectorAll("[data-lang-set]")) {
    button.addEventListener("click", () => act.setLang(/** @type {HTMLElement} */ (button).dataset.langSet ?? "en"));
  }
  const theme = /** @type {HTMLSelectElement} */ (byId("theme"));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const dress = () => {
    const chosen = theme.value;
    document.documentElement.dataset.theme = chosen === "auto" ? (dark.matches ? "dark" : "light") : chosen;
    try {
      localStorage.setItem("kvstep-theme", chosen);
    } catch {
      // private windows refuse storage; the choice then lasts for this page
    }
    store.set({ theme: readTheme() });
    store.flush(); // never two themes at once
  };
  try {
    theme.value = localStorage.getItem("kvstep-theme") ?? "auto";
  } catch {
    theme.value = "auto";
  }
  theme.addEventListener("change", dress);
  dark.addEventListener("change", dress);
  addEventListener("resize", () => {
    const now = readTheme(); // letters follow the window while somebody presents, and on a phone
    if (now.font !== store.get().theme.font) store.set({ theme: now });
  });
  dress();

  /** @param {State} state @param {State} before */
  return function view(state, before) {
    const { problem, t, lang, connected, lost } = state;
    alert.hidden = !problem;
    byId("problem-text").textContent = problem ? told(problem, t) : "";
    const outside = state.frame?.meta.run.outside ?? [];
    byId("outside").hidden = !outside.length;
    byId("outside").textContent = outside.length
      ? t("world.outside", {
          Count: outside.length,
          Words: outside.map((/** @type {string} */ w) => `“${isolate(w)}”`),
        })
      : "";
    // of a prompt that is about to go; its room stays
    byId("outside").toggleAttribute("data-old", state.pending.includes("prompt") || state.pending.includes("model"));
    const short = state.frame?.meta.run.short;
    byId("short").hidden = !short;
    byId("short").textContent = short ? t("world.short", { Fits: short.fits, Whole: short.whole }) : "";
    const away = connected || !lost ? "" : told(lost, t);
    offline.hidden = !away;
    write(offline, away);
    if (state.frame && state.frame !== before.frame) legend(patterns(state.frame));
    const cell = readout(state);
    byId("readout").hidden = !cell;
    if (cell) {
      write(byId("readout-where"), cell.where);
      write(byId("readout-value"), cell.value);
      byId("readout-value").dataset.exact = String(cell.exact);
      write(byId("readout-mask"), cell.masked ? t(cell.gone ? "cell.gone" : "cell.masked") : "");
    }
    if (t === before.t) return;
    document.documentElement.lang = lang === "zh" ? "zh-Hans" : lang;
    document.title = t("page.title");
    for (const el of document.querySelectorAll("[data-text]")) {
      const id = /** @type {HTMLElement} */ (el).dataset.text ?? "";
      if (el.closest(PRESSED)) el.textContent = t(id);
      else say(el, withTerms(t)(id));
    }
    for (const el of document.querySelectorAll("[data-text-label]"))
      el.setAttribute("aria-label", t(/** @type {HTMLElement} */ (el).dataset.textLabel ?? ""));
    for (const el of document.querySelectorAll("[data-text-title]"))
      el.setAttribute("title", t(/** @type {HTMLElement} */ (el).dataset.textTitle ?? ""));
    for (const el of document.querySelectorAll("[data-lang-set]")) {
      el.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (el).dataset.langSet === lang));
    }
  };
}

/** Names what is drawn; the rest keeps its place. @param {ReturnType<typeof patterns>} drawn */
function legend(drawn) {
  for (const li of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-pattern]")))
    li.hidden = !drawn.has(/** @type {import("../../facts/patterns.js").Pattern} */ (li.dataset.pattern));
}
