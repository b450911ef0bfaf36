// Menus that lie over the page. All of them close alike: by a press beside them, by Escape, and by whatever
// moves the run or starts another.

import { onKey } from "./keys.js";

const OPEN = "details[name=menu][open], details.menu[open]";

/** Menus that are open, those that stand in others last. */
const open = () => /** @type {HTMLDetailsElement[]} */ ([...document.querySelectorAll(OPEN)]);

/** @param {HTMLDetailsElement} menu */
function close(menu) {
  const inside = menu.contains(document.activeElement);
  menu.open = false;
  if (inside) menu.querySelector("summary")?.focus({ preventScroll: true });
}

/**
 * Closes the menus that lie over the page, and goes back to what opened them.
 * @param {EventTarget[]} [pressed] with all that it stands in: a press inside a menu leaves it open
 */
export function closeMenus(pressed = []) {
  for (const menu of open().reverse()) if (!pressed.includes(menu)) close(menu);
}

/** Closes them by a press beside them, and the innermost by Escape, which then does nothing else. */
export function tendMenus() {
  onKey(
    document,
    (key, e) => {
      const menu = key === "Escape" && !document.querySelector("dialog[open]") && open().at(-1);
      if (!menu) return;
      close(menu);
      e.preventDefault();
      e.stopPropagation();
    },
    true,
  );
  document.addEventListener(
    "click",
    (e) => {
      const pressed = e.composedPath();
      const top = document.querySelector("header"); // language and theme change nothing else
      if (!top || !pressed.includes(top)) closeMenus(pressed);
    },
    true, // a canvas, or whatever goes with its press, keeps no press for itself
  );
}

/** Opens a menu and goes to its first control, or closes it. @param {string} id */
export function toggleMenu(id) {
  const menu = /** @type {HTMLDetailsElement|null} */ (document.getElementById(id));
  if (!menu) return; // a handout has no breakpoints
  const around = menu.parentElement?.closest("details");
  if (around) around.open = true;
  if (!menu.checkVisibility()) return;
  menu.open = !menu.open;
  const to = menu.querySelector(menu.open ? "select, input, button, a[href]" : "summary");
  if (to instanceof HTMLElement) to.focus();
}
