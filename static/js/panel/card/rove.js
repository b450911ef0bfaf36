// One Tab stop for all terms and question marks of a region; arrow keys lead from one to the next.

import { onKey } from "../../ui/keys.js";

const ALL = ".term, .asks";
const REGION = "details, section, form, header, dialog, main, body";
const BY = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 });

/** @param {Element} e */
const regionOf = (e) => /** @type {Element} */ (e.parentElement?.closest(REGION) ?? document.body);

/** Those in sight whose region it is. @param {Element} region @returns {HTMLElement[]} */
const inRegion = (region) =>
  /** @type {HTMLElement[]} */ ([...region.querySelectorAll(ALL)]).filter(
    (e) => regionOf(e) === region && e.checkVisibility({ visibilityProperty: true }),
  );

/** @param {HTMLElement[]} group @param {HTMLElement|undefined} stop */
function stopAt(group, stop) {
  for (const e of group) {
    const tabIndex = e === stop ? 0 : -1;
    if (e.tabIndex !== tabIndex) e.tabIndex = tabIndex;
  }
}

/** Watches what comes and goes. @param {HTMLElement} body */
export function createRoving(body) {
  let waits = 0;
  const tidy = () => {
    waits = 0;
    for (const region of new Set([...body.querySelectorAll(ALL)].map(regionOf))) {
      const group = inRegion(region);
      stopAt(group, group.find((e) => e.tabIndex === 0) ?? group[0]);
    }
  };
  const later = () => (waits ||= setTimeout(tidy, 120));
  new MutationObserver(later).observe(body, { childList: true, subtree: true, attributeFilter: ["hidden", "open"] });
  later();
  body.addEventListener("focusin", ({ target }) => {
    if (target instanceof HTMLElement && target.matches(ALL)) stopAt(inRegion(regionOf(target)), target);
  });
  onKey(body, (key, e) => {
    const { target } = e;
    if (!(target instanceof HTMLElement) || !target.matches(ALL)) return;
    if (key === "Enter" || key === " ") {
      if (target.matches(".term")) {
        e.preventDefault();
        target.click();
      }
    } else if (BY[key]) {
      const group = inRegion(regionOf(target));
      group[(group.indexOf(target) + BY[key] + group.length) % group.length].focus();
      e.preventDefault();
    } else return;
    e.stopPropagation(); // the page's own keys step the run
  });
}
