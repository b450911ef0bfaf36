// The text so far and the ten likeliest next tokens.

import { isolate } from "../../text.js";
import { candidates } from "../../facts/candidates.js";
import { onKey } from "../../ui/keys.js";
import { promptOf } from "../../facts/sequences.js";
import { bar, el, write } from "../../ui/dom.js";

/** @import { Shown } from "../../facts/candidates.js" */
/** @import { Host, Panel, State, T } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "tokens", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act, live }) {
  const fork = live ? act.fork : null;
  const list = /** @type {HTMLElement} */ (root.querySelector("[data-top]"));
  const prompt = /** @type {HTMLElement} */ (root.querySelector("[data-prompt]"));
  const made = /** @type {HTMLElement} */ (root.querySelector("[data-made]"));
  const ended = /** @type {HTMLElement} */ (root.querySelector("[data-ended]"));
  const spoken = /** @type {HTMLElement} */ (root.querySelector("[data-spoken]")); // a list says nothing by itself
  const hint = /** @type {HTMLElement} */ (root.querySelector("[data-hint]"));
  const all = /** @type {HTMLElement} */ (root.querySelector("[data-all]"));
  all.addEventListener("click", () => all.setAttribute("aria-expanded", String(root.classList.toggle("all"))));
  const option = (/** @type {Event} */ e) => /** @type {HTMLElement} */ (e.target).closest("[role=option]");
  const take = (/** @type {Element|null} */ row) => row instanceof HTMLElement && fork?.(Number(row.dataset.id));
  list.addEventListener("click", (e) => take(option(e)));
  onKey(list, (key, e) => {
    const now = option(e);
    const next = key === "ArrowDown" ? now?.nextElementSibling : key === "ArrowUp" && now?.previousElementSibling;
    if (key === "Enter") take(now);
    else if (next instanceof HTMLElement) next.focus();
    else if (!key.startsWith("Arrow")) return;
    e.preventDefault();
    e.stopPropagation(); // the page's own keys step the run
  });
  /** @param {State} state */
  return function view({ frame, t }) {
    if (!frame) return;
    const { run, top, text, step } = frame.meta;
    prompt.textContent = promptOf(frame);
    made.textContent = isolate(text);
    const over = step?.done ?? (run.ended === "stop" && step?.n === run.recorded - 1 ? run.ended : null);
    ended.textContent = over ? t(`done.${over}`) : "";
    ended.hidden = !over;
    const shown = candidates(frame.meta);
    const chosen = shown.find((c) => c.chosen);
    write(spoken, chosen ? t("top.spoken", { Pass: step?.pass, Token: chosen.label, Prob: chosen.says }) : "");
    hint.hidden = !!top;
    all.hidden = (top?.length ?? 0) < 6;
    hint.textContent = t("top.hint");
    // whose token can be another one
    const ours = !frame.meta.peers || (frame.meta.schedule && frame.meta.peers.seq === 0);
    const sampled = run.recipe.sampler.kind === "sample"; // greedy drops nothing
    // Of several texts at once only the first of a batch can go on otherwise.
    if (fork && top && !ours) {
      hint.hidden = false;
      hint.textContent = t(run.recipe.batch ? "top.fork.batch" : "top.fork.beam");
    }
    const forks = fork && ours && !!top;
    // Another token is one stop of Tab, and arrows from there, as in any list of choices.
    if (forks) list.setAttribute("role", "listbox");
    else list.removeAttribute("role");
    list.replaceChildren(...shown.map((c) => row(c, sampled, t, !!forks)));
  };
}

/**
 * @param {Shown} c
 * @param {boolean} sampled
 * @param {T} t
 * @param {boolean} forks can its token be another one?
 */
function row(c, sampled, t, forks) {
  const dropped = sampled && !c.kept;
  const mark = c.chosen ? t("top.chosen") : dropped ? t("top.dropped") : "";
  // Beside the model's own probability there is no room for more: what was dropped has no other.
  const shows = [
    el("span", isolate(c.label), { class: "label", title: isolate(c.label) }),
    el("span", c.own && dropped ? mark : c.says, { class: "prob" }),
    el("span", c.own ? t("top.own", { Prob: c.own }) : mark, { class: "mark" }),
    ...(c.own && c.chosen ? [el("span", mark, { class: "spoken" })] : []),
    bar(c.share),
  ];
  const offers = {
    role: "option",
    tabindex: c.chosen ? "0" : "-1",
    "aria-selected": String(c.chosen),
    title: t("top.fork", { Label: c.label }),
  };
  return el("li", shows, {
    class: "row" + (c.chosen ? " chosen" : "") + (dropped ? " dropped" : "") + (c.own ? " beside" : ""),
    "data-id": String(c.id),
    "data-prob": String(c.prob),
    "data-drawn": String(c.share),
    ...(forks && offers),
  });
}
