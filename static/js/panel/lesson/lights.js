// What a beat lights: the rest of the page is dimmed, and words light their parts while somebody points at them.

/** Parts of the page, by the names that lessons have for them; ops of the picture are found by theirs. */
const PARTS = /** @type {Record<string, string>} */ ({
  stage: "#stage [data-op]",
  lanes: "#bars",
  sentence: "#sentence",
  top: "#tokens",
  cached: '#stage [data-lane="cached"]',
  new: '#stage [data-lane="cached"]',
  uncached: '#stage [data-lane="uncached"]',
  recomputed: '#stage [data-lane="uncached"]',
  mask: '#stage :is([data-op="scores"],[data-op="probs"])',
  prompt: "#recipe-open",
  transport: "#transport",
  timeline: "#timeline",
  cache: "#cache",
  ledger: "#ledger",
  chart: "#history",
  wall: "#out-of-memory",
});

const DIMS = "#stage [data-op], #bars, #tokens, #timeline";

/** @param {string} name @returns {Element[]} */
const find = (name) => [...document.querySelectorAll(PARTS[name] ?? `#stage [data-op="${CSS.escape(name)}"]`)];

/** Dims what is not lit; nothing lit lights all. @param {string[]} names */
export function light(names) {
  const lit = new Set(names.flatMap(find));
  for (const e of document.querySelectorAll(".lit")) if (!lit.has(e)) e.classList.remove("lit");
  for (const e of lit) e.classList.add("lit");
  const holders = new Set([...lit].map((e) => e.parentElement?.closest(".panel")));
  for (const e of document.querySelectorAll(".holds-lit")) if (!holders.has(e)) e.classList.remove("holds-lit");
  for (const e of holders) e?.classList.add("holds-lit");
  for (const e of document.querySelectorAll(DIMS)) e.classList.toggle("dim", lit.size > 0 && !lit.has(e));
}

/**
 * What a part of the page is lit by, among names.
 * @param {Element|null} e @param {string[]} names @returns {string[]}
 */
export const lightsOf = (e, names) => (e ? names.filter((name) => find(name).some((part) => part.contains(e))) : []);
