// Presenting: the picture, the bars, the sentence and the next token fill the screen, in letters for the
// back row. A clicker steps, digits bring up a panel and take it away.

import { onKey, onShortcut } from "../../ui/keys.js";
import { readTheme } from "../../ui/theme.js";

/** @import { Host, Panel, State } from "../../types.js" */

const CLICKER = /** @type {Record<string, [string, string]>} */ ({
  PageDown: ["layer", "token"],
  PageUp: ["back", "back-token"],
});

/** @type {Panel} */
export const panel = { id: "present", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { store }) {
  const page = document.documentElement;
  const opener = /** @type {HTMLElement} */ (document.getElementById("present-open"));
  const select = (/** @type {string} */ name) =>
    /** @type {HTMLSelectElement} */ (root.querySelector(`[data-${name}]`));
  const [shown, clicker] = [select("panel"), select("clicker")];
  const press = (/** @type {string} */ name) =>
    /** @type {HTMLElement|null} */ (document.querySelector(`#transport [data-do="${name}"]`))?.click();

  /** @param {boolean} on */
  function present(on) {
    if (on === !root.hidden) return;
    root.hidden = !on;
    page.toggleAttribute("data-present", on);
    bring("");
    // where it is refused the window is filled, which is nearly as good
    if (on) page.requestFullscreen?.().catch(() => {});
    else if (document.fullscreenElement) document.exitFullscreen?.().catch(() => {});
    store.set({ theme: readTheme() }); // what canvases are lettered with
    if (on)
      /** @type {HTMLElement|null} */ (document.activeElement)?.blur(); // keys are the page's
    else opener.focus({ preventScroll: true });
    scrollTo(0, 0);
  }

  /** Brings up a panel of the page, or takes it away. @param {string} id */
  function bring(id) {
    for (const other of document.querySelectorAll(".brought")) other.classList.remove("brought");
    shown.value = id;
    const panel = id && document.getElementById(id);
    if (!panel) return;
    panel.classList.add("brought");
    const fold = panel.matches("details") ? panel : panel.querySelector("details"); // nobody opens it from afar
    if (fold instanceof HTMLDetailsElement) fold.open = true;
  }

  opener.addEventListener("click", () => present(true));
  root.addEventListener("click", (e) => {
    const button = /** @type {HTMLElement} */ (e.target).closest("button");
    if (button?.dataset.do) press(button.dataset.do);
    else if (button) present(false);
  });
  shown.addEventListener("change", () => bring(shown.value));
  document.addEventListener("fullscreenchange", () => {
    if (!document.fullscreenElement) present(false);
  });
  onShortcut((key) => {
    const steps = !root.hidden && CLICKER[key];
    const digit = !root.hidden && /^[0-9]$/.test(key) && shown.options[Number(key)];
    if (key === "F") present(!!root.hidden);
    else if (steps) press(steps[clicker.value === "token" ? 1 : 0]);
    else if (digit) bring(shown.value === digit.value ? "" : digit.value);
    else return false;
    return true;
  });
  onKey(document, (key) => {
    if (key !== "Escape" || root.hidden) return;
    if (shown.value) bring("");
    else if (!document.fullscreenElement) present(false); // else the browser leaves it, and we follow
  });
  document.addEventListener("change", (e) => {
    const { dataset, value } = /** @type {HTMLSelectElement} */ (e.target);
    if (dataset.speed !== undefined) store.set({ speed: Number(value) });
  });

  /** @param {State} state @param {State} before */
  return function view({ speed, frame }, before) {
    root.classList.toggle("idle", !frame?.meta.step); // there is nothing to look at behind its buttons
    if (speed === before.speed) return;
    for (const select of document.querySelectorAll("[data-speed]"))
      /** @type {HTMLSelectElement} */ (select).value = String(speed);
  };
}
