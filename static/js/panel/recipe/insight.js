// Menus that lie over the page keep within the window, wherever the form has wrapped.

const EDGE = 12; // pixels that stay free beside them

/** @param {Element} menu */
function place(menu) {
  const sheet = /** @type {HTMLElement|null} */ (menu.querySelector(".sheet"));
  if (!sheet) return;
  sheet.style.removeProperty("translate");
  const { left, right } = sheet.getBoundingClientRect();
  const by = Math.max(EDGE - left, Math.min(document.documentElement.clientWidth - EDGE - right, 0));
  if (by) sheet.style.setProperty("translate", `${by}px`);
}

/** For as long as the page is there. */
export function keepInSight() {
  document.addEventListener(
    "toggle",
    ({ target }) => target instanceof Element && target.matches("details[name=menu][open]") && place(target),
    true,
  );
  addEventListener("resize", () => document.querySelectorAll("details[name=menu][open]").forEach(place));
}
