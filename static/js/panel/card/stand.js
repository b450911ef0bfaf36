// Where the card stands: below what was pressed, or above it where there is more room; on a
// phone at the foot of the screen, where its sheet puts it.

const GAP = 8;

/** @param {HTMLElement} card @param {HTMLElement} opener */
export function stand(card, opener) {
  const by = opener.getBoundingClientRect();
  const { width, height } = card.getBoundingClientRect();
  const left = Math.max(GAP, Math.min(by.left, innerWidth - width - GAP));
  const below = by.bottom + GAP;
  const top = below + height + GAP <= innerHeight ? below : Math.max(GAP, by.top - height - GAP);
  card.style.setProperty("--left", `${Math.round(left)}px`);
  card.style.setProperty("--top", `${Math.round(top)}px`);
}
