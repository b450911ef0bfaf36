// Places of the page that a card or the glossary leads to, by name: docs/glossary.md says them
// in its lines "see", numbers.js and whys.js in their lists.

import { reveal } from "../../ui/dom.js";

/** @import { Actions } from "../../types.js" */

/** @type {Record<string, string>} selectors */
export const PLACES = {
  breaks: "#breaks",
  beams: "#beams",
  branches: "#branches",
  cache: "#cache canvas",
  "cache-bytes": '#cache [data-testid="kv-bytes"]',
  "cache-shape": '#cache [data-testid="kv-shape"]',
  counters: "#counters",
  form: "#recipe",
  heads: '[data-testid="heads"]',
  history: "#history canvas",
  lamp: '[data-testid="lamp"]',
  layers: '[data-testid="layers"]',
  ledger: '[data-testid="ledger-step"]',
  memory: "#memory",
  sampling: "#sampling",
  schedule: "#schedule",
  speculation: "#speculation",
  "stage-K": '#stage [data-op="K"][data-lane="cached"] canvas',
  "stage-Q": '#stage [data-op="Q"][data-lane="cached"] canvas',
  "stage-V": '#stage [data-op="V"][data-lane="cached"] canvas',
  "stage-out": '#stage [data-op="out"][data-lane="cached"] canvas',
  "stage-probs": '#stage [data-op="probs"][data-lane="cached"] canvas',
  "stage-scores": '#stage [data-op="scores"][data-lane="cached"] canvas',
  timeline: '[data-testid="timeline"]',
  tokens: "#tokens",
};

const OP = "op-"; // a place that is an op of the layer on the stage
const SHOWN = 2400; // milliseconds for which a place is marked

/**
 * The element of a place, null where this page or this run has none.
 * @param {string} place
 */
export function find(place) {
  const e = document.querySelector(place.startsWith(OP) ? "#ops" : (PLACES[place] ?? "#no-place"));
  return e instanceof HTMLElement && !e.closest("[hidden]") ? e : null;
}

/**
 * Goes there: what it is folded into opens, it is in sight, has the focus, and is marked for a while.
 * @param {string} place @param {Actions} act
 */
export function goTo(place, act) {
  const e = find(place);
  if (!e) return;
  if (place.startsWith(OP)) act.look(place.slice(OP.length));
  else if (place.startsWith("stage-")) act.look("");
  for (let fold = e.closest("details"); fold; fold = fold.parentElement?.closest("details") ?? null) fold.open = true;
  if (e instanceof HTMLDetailsElement) e.open = true;
  if (!e.matches("[tabindex], button, a, input, summary")) e.tabIndex = -1;
  e.focus({ preventScroll: true });
  reveal(e);
  e.classList.add("pointed-out");
  setTimeout(() => e.classList.remove("pointed-out"), SHOWN);
}
