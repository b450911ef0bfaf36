// The text so far and the ten likeliest next tokens.

import { isolate } from "../../text.js";
import { percent } from "../../format.js";
import { promptOf } from "../../facts/sequences.js";
import { bar, el } from "../../ui/dom.js";

/** @import { Candidate, Host, Panel, State, T } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "tokens", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act, live }) {
  const fork = live ? act.fork : null;
  const list = /** @type {HTMLElement} */ (root.querySelector("[data-top]"));
  const prompt = /** @type {HTMLElement} */ (root.querySelector("[data-prompt]"));
  const said = /** @type {HTMLElement} */ (root.querySelector(".text"));
  const made = /** @type {HTMLElement} */ (root.querySelector("[data-made]"));
  const ended = /** @type {HTMLElement} */ (root.querySelector("[data-ended]"));
  const hint = /** @type {HTMLElement} */ (root.querySelector("[data-hint]"));
  const all = /** @type {HTMLElement} */ (root.querySelector("[data-all]"));
  all.addEventListener("click", () => all.setAttribute("aria-expanded", String(root.classList.toggle("all"))));
  /** @param {State} state */
  return function view({ frame, t }) {
    if (!frame) return;
    const { run, top, text, step } = frame.meta;
    prompt.textContent = promptOf(frame);
    made.textContent = isolate(text);
    said.scrollTop = said.scrollHeight; // the newest is what is read
    const over = step?.done ?? (run.ended === "stop" && step?.n === run.recorded - 1 ? run.ended : null);
    ended.textContent = over ? t(`done.${over}`) : "";
    ended.hidden = !over;
    hint.hidden = !!top;
    all.hidden = (top?.length ?? 0) < 6;
    hint.textContent = t("top.hint");
    // whose token can be another one
    const ours = !frame.meta.peers || (frame.meta.schedule && frame.meta.peers.seq === 0);
    const sampled = run.recipe.sampler.kind === "sample"; // greedy has no filters to speak of
    // Of several texts at once only the first of a batch can go on otherwise.
    if (fork && top && !ours) {
      hint.hidden = false;
      hint.textContent = t(run.recipe.batch ? "top.fork.batch" : "top.fork.beam");
    }
    list.replaceChildren(...(top ?? []).map((c) => row(c, sampled, t, ours ? fork : null)));
  };
}

/**
 * @param {Candidate} c
 * @param {boolean} sampled
 * @param {T} t
 * @param {((id: number) => void)|null} fork null where its token cannot be another one
 */
function row(c, sampled, t, fork) {
  const dropped = sampled && !c.kept;
  const shows = [
    el("span", isolate(c.label), { class: "label" }),
    el("span", percent(c.prob), { class: "prob" }),
    el("span", c.chosen ? t("top.chosen") : dropped ? t("top.dropped") : "", { class: "mark" }),
    bar(c.prob),
  ];
  const line = fork
    ? el("button", shows, { class: "row", type: "button", title: t("top.fork", { Label: c.label }) })
    : el("div", shows, { class: "row" });
  if (fork) line.addEventListener("click", () => fork(c.id));
  return el("li", line, {
    class: (c.chosen ? "chosen" : "") + (dropped ? " dropped" : ""),
    "data-id": String(c.id),
    "data-prob": String(c.prob),
  });
}
