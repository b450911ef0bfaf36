// Out of memory: what the cache lacked, and the same run kept otherwise, each
// with how far it goes.

import { number } from "../../format.js";
import { fullAt, parsePolicy, policyName } from "../../facts/policy.js";
import { el, parts, write } from "../../ui/dom.js";

/** @import { Alternative, Frame, Host, Panel, Run, State, Step, T, Use } from "../../types.js" */

/** Is this the moment at which memory ended the run? @param {Frame|null} frame */
export const atWall = (frame) => frame?.meta.step?.done === "memory" && !!frame.meta.use?.want;

/** How many times as far, with two decimals where that says something. @param {number} fits @param {number} here */
export const times = (fits, here) => String(Number((fits / here).toFixed(fits < 10 * here ? 2 : 0)));

/** @type {Panel} */
export const panel = { id: "out-of-memory", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const part = parts(root);
  let drawn = /** @type {[Frame?, string?]} */ ([]);
  /** @param {State} state */
  return function view({ frame, t, lang }) {
    root.hidden = !atWall(frame);
    const { use, run, step } = frame?.meta ?? {};
    if (!frame || !use || !run || !step || root.hidden) return void (drawn = []);
    if (drawn[0] === frame && drawn[1] === lang) return;
    drawn = [frame, lang];
    const fits = use.fits;
    part("title").textContent = t("wall.title", { Token: fullAt(frame.meta) });
    const said = t("wall.say", {
      Want: number(use.want ?? 0),
      Held: number(use.allocated),
      Budget: number(use.budget ?? 0),
    });
    write(part("say"), said);
    const cut = step.phase === "prefill" && step.rows < run.prompt_tokens;
    part("prompt").hidden = !cut;
    part("prompt").textContent = cut ? t("wall.prompt", { Fits: step.rows, Count: run.prompt_tokens }) : "";
    part("predicted").textContent = t("wall.predicted", { Fits: fits });
    part("ways").replaceChildren(...(use.ways ?? []).map((way) => choice(way, use, run, step, t)));
  };

  /** @param {Alternative} way @param {Use} use @param {Run} run @param {Step} step @param {T} t */
  function choice(way, use, run, step, t) {
    const cache = { ...parsePolicy(way.cache), budget: Number(use.budget) };
    const fits = Math.min(way.fits, way.whole);
    const goes = t(fits < way.whole ? "wall.goes" : "wall.goes.all", {
      Fits: fits,
      Whole: way.whole,
      Times: times(fits, use.fits ?? fits),
    });
    const name = way.model ? t("wall.model", { Model: way.model }) : policyName(parsePolicy(way.cache), t);
    const button = el("button", [el("b", name), " ", el("span", goes)], {
      type: "button",
      "data-way": way.model ?? cache.kind,
      "data-fits": String(fits),
    });
    const line = el("i", "", { "aria-hidden": "true" });
    line.style.setProperty("width", `${(100 * fits) / way.whole}%`);
    button.append(line);
    button.addEventListener("click", () => {
      const { batch, draft, sampler } = run.recipe;
      // The same text so far goes on as a branch, where one text can; another model has its own.
      if (!way.model && !batch && !draft && sampler.kind !== "beam") act.branch(way.cache, Number(use.budget));
      else {
        act.run({ ...run.recipe, model: way.model ?? run.recipe.model, cache });
        act.seek(step.n);
      }
      // this button is about to go
      /** @type {HTMLElement|null} */ (document.querySelector('#transport [data-do="layer"]'))?.focus({
        preventScroll: true,
      });
    });
    return el("li", button);
  }
}
