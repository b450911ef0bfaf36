// What a beat lights: the rest of the page is dimmed. Words light their parts, and parts their words, while somebody
// points at them or has them in focus; words that are pressed keep theirs lit.

/** Parts of the page, by the names that lessons have for them; ops of the picture are found by theirs. */
const PARTS = /** @type {Record<string, string>} */ ({
  stage: "#stage [data-op], #inside .plate",
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
  schedule: "#schedule",
  speculation: "#speculation",
  beams: "#beams",
  real: "#real",
  wall: "#out-of-memory",
});

const SOME = ["bars", "tokens", "timeline", "cache", "ledger", "schedule", "speculation", "beams", "sampling"];
const DIMS = ["#stage [data-op]", "#inside .plate", ...SOME.map((id) => `#${id}`)].join();

/** @param {string} name @returns {Element[]} */
const find = (name) => [...document.querySelectorAll(PARTS[name] ?? matrix(CSS.escape(name)))];

/** An op's matrix, in the overview and inside a layer. @param {string} op */
const matrix = (op) => `#stage [data-op="${op}"], #inside [data-plate="${op}"]`;

/** Dims what is not lit; nothing lit lights all. @param {string[]} names */
export function light(names) {
  const lit = new Set(names.flatMap(find));
  const near = (/** @type {Element} */ e) => [...lit].some((l) => l.contains(e) || e.contains(l));
  for (const e of document.querySelectorAll(".lit")) if (!lit.has(e)) e.classList.remove("lit");
  for (const e of lit) e.classList.add("lit");
  for (const e of document.querySelectorAll(DIMS)) e.classList.toggle("dim", lit.size > 0 && !near(e));
  const holders = new Set([...lit].map((e) => e.parentElement?.closest(".panel")));
  for (const e of document.querySelectorAll(".holds-lit")) if (!holders.has(e)) e.classList.remove("holds-lit");
  for (const e of holders) e?.classList.add("holds-lit");
}

/**
 * Words of a lesson light what they name, and are marked where it is pointed at or in focus.
 * @param {HTMLElement} root @param {() => string[]} usual what the beat lights
 * @returns {{again: () => void}} lights what is to be lit now: the page, or the beat, is another
 */
export function wire(root, usual) {
  const spans = () => /** @type {HTMLElement[]} */ ([...root.querySelectorAll("[data-lights]")]);
  const spanOf = (/** @type {Event} */ e) =>
    /** @type {HTMLElement|null} */ (/** @type {Element} */ (e.target).closest?.("[data-lights]"));
  const kept = () => spans().find((s) => s.ariaPressed === "true");
  const show = (/** @type {HTMLElement|null|undefined} */ span) =>
    light(span?.dataset.lights ? [span.dataset.lights] : usual());
  for (const event of ["pointerover", "focusin"]) root.addEventListener(event, (e) => spanOf(e) && show(spanOf(e)));
  for (const event of ["pointerout", "focusout"]) root.addEventListener(event, (e) => spanOf(e) && show(kept()));
  root.addEventListener("click", (e) => {
    const span = spanOf(e);
    if (!span) return;
    const on = span.ariaPressed !== "true";
    for (const s of spans()) s.ariaPressed = String(on && s === span);
    show(on ? span : null);
  });
  for (const event of ["pointerover", "focusin"])
    document.addEventListener(event, ({ target }) => {
      const words = root.hidden ? [] : spans();
      for (const s of words) {
        const here = find(s.dataset.lights ?? "").some((part) => part.contains(/** @type {Node} */ (target)));
        s.classList.toggle("on", here);
      }
    });
  return { again: () => show(kept()) };
}
