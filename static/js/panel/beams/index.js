// Beam search as a tree that grows to the right: a column for each pass, the
// likeliest text on top; what was given up is pale.

import { isolate } from "../../text.js";
import { onKey } from "../../ui/keys.js";
import { beamOf, beams, beside, share } from "./tree.js";
import { createOptional } from "../../ui/optional.js";
import { percent, sentences } from "../../format.js";
import { el, line, parts } from "../../ui/dom.js";

/** @import { Beams, Host, Panel, State, T } from "../../types.js" */
/** @import { Beam } from "./tree.js" */

const [WIDE, TALL] = [5.6, 2.55]; // of a beam, in rem as the style sheet has it
const [GAP, DOWN, ROOT] = [2.3, 0.7, 4.4]; // between them, across and down; of the prompt

/** @type {Panel} */
export const panel = { id: "beams", offline: true, create };

/** @param {HTMLDetailsElement} root @param {Host} host */
function create(root, { act }) {
  const lens = createOptional(root, "beams", act);
  const part = parts(root);
  const [tree, says] = [part("tree"), part("says")];
  const table = /** @type {HTMLTableElement} */ (part("table"));
  let t = /** @type {T} */ ((id) => id);
  let recorded = false;
  let pass = /** @type {number|undefined} */ (undefined); // of the cursor
  let all = /** @type {Beam[]} */ ([]);
  let built = "";
  let columns = 0;
  const node = (/** @type {EventTarget|null} */ e) =>
    /** @type {HTMLElement|null} */ (e instanceof Element ? e.closest("[data-node]") : null);
  const tell = (/** @type {HTMLElement|null} */ b) =>
    (says.textContent = b
      ? words(all, all[Number(b.dataset.node)], t)
      : t(recorded ? "beams.hint.read" : "beams.hint"));
  tree.addEventListener("pointerover", (e) => node(e.target) && tell(node(e.target)));
  tree.addEventListener("focusin", (e) => tell(node(e.target)));
  tree.addEventListener("click", (e) => {
    const b = recorded ? null : node(e.target); // a copy holds one beam
    const seq = b && pass !== undefined ? beamOf(all, Number(b.dataset.node), pass) : null;
    if (seq !== null) act.sequence(seq);
  });
  onKey(tree, (key, e) => {
    const b = node(e.target);
    if (!b) return;
    const to = beside(all, Number(b.dataset.node), key);
    if (to === null && !key.startsWith("Arrow")) return;
    e.preventDefault();
    e.stopPropagation(); // the page's own keys step the run
    if (to !== null) focus(nodeOf(to));
  });
  const nodeOf = (/** @type {string|number} */ n) =>
    /** @type {HTMLElement|null} */ (tree.querySelector(`[data-node="${n}"]`));
  const focus = (/** @type {HTMLElement|null} */ b) => {
    for (const x of /** @type {NodeListOf<HTMLElement>} */ (tree.querySelectorAll("[data-node]")))
      x.tabIndex = x === b ? 0 : -1;
    b?.focus();
  };
  const numbers = /** @type {HTMLDetailsElement} */ (part("numbers"));
  numbers.addEventListener("toggle", () => fill(numbers, all, t));

  /** @param {State} next */
  return function view(next) {
    const { frame, lang } = next;
    ({ t, recorded } = next);
    pass = frame?.meta.step?.pass;
    if (!lens(next, !!frame?.meta.beams) || !frame) return;
    const { beams: info, step, peers } = frame.meta;
    if (!info) return;
    part("none").hidden = !!info.passes;
    part("none").textContent = t(frame.meta.run.recipe.max_new === 0 ? "choice.alone" : "beams.none");
    part("body").hidden = !info.passes;
    if (!info.passes || !step || !peers) return void (built = "");
    const now = JSON.stringify([info, step.pass, peers.seq, lang, next.theme.font]);
    if (now === built) return;
    const grown = !built || columns !== info.passes.length;
    [built, columns] = [now, info.passes.length];
    all = beams(frame);
    const kept = node(document.activeElement)?.dataset.node;
    const here = all.find((b) => b.pass === step.pass - 1 && b.slot === peers.seq);
    draw(tree, all, here, info.passes, t);
    const again = kept && nodeOf(kept);
    if (again) focus(again);
    else tell(null);
    if (grown && tree.parentElement) tree.parentElement.scrollLeft = tree.scrollWidth;
    finished(table, info, t);
    part("unfinished").hidden = info.finished.length > 0;
    table.hidden = !info.finished.length;
    fill(numbers, all, t);
  };
}

/**
 * What is said of a beam.
 * @param {Beam[]} all
 * @param {Beam} b
 * @param {T} t
 */
function words(all, b, t) {
  const last = all[all.length - 1].pass;
  const fate = b.answer
    ? "beams.answer"
    : b.alive
      ? "beams.alive"
      : b.end < last || b.end === b.pass
        ? "beams.pruned"
        : "beams.alive";
  return sentences(
    t("beams.node", {
      Token: b.label,
      Beam: b.slot,
      Pass: b.pass,
      LogProb: b.logProb.toFixed(4),
      Prob: percent(Math.exp(b.logProb)),
      Sum: b.sum.toFixed(4),
    }),
    t(fate, { Pass: b.end + 1 }),
  );
}

/**
 * @param {HTMLElement} tree
 * @param {Beam[]} all
 * @param {Beam|undefined} here
 * @param {number[]} passes
 * @param {T} t
 */
function draw(tree, all, here, passes, t) {
  const slots = Math.max(...passes, 1);
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize); // a projector's is larger
  const [wide, tall, gap, down, prompt] = [WIDE, TALL, GAP, DOWN, ROOT].map((n) => Math.round(n * rem));
  const x = (/** @type {number} */ pass) => (pass < 0 ? 0 : prompt + gap + pass * (wide + gap));
  const y = (/** @type {number} */ slot) => slot * (tall + down);
  const height = slots * (tall + down) - down;
  const root = (height - tall) / 2;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("width", String(x(passes.length)));
  svg.setAttribute("height", String(height));
  svg.setAttribute("aria-hidden", "true");
  const buttons = all.map((b) => {
    const from = all[b.parent];
    const [x0, y0] = from ? [x(from.pass) + wide, y(from.slot) + tall / 2] : [prompt, root + tall / 2];
    const [x1, y1] = [x(b.pass), y(b.slot) + tall / 2];
    const path = document.createElementNS(svg.namespaceURI ?? "", "path");
    path.setAttribute("d", `M${x0} ${y0}C${x0 + gap / 2} ${y0} ${x1 - gap / 2} ${y1} ${x1} ${y1}`);
    path.setAttribute("stroke-width", String(1 + 4 * Math.exp(b.logProb)));
    path.setAttribute("class", kind(b));
    svg.append(path);
    const button = el(
      "button",
      [
        el("span", words(all, b, t), { class: "spoken" }),
        el("b", isolate(b.label), { "aria-hidden": "true" }),
        el("small", b.sum.toFixed(2), { "aria-hidden": "true" }),
        el("i"),
      ],
      { type: "button", class: kind(b), "data-node": String(b.index), "aria-pressed": String(b === here) },
    );
    button.tabIndex = (here ? b === here : b.index === all.length - 1) ? 0 : -1;
    for (const [k, v] of [
      ["left", `${x1}px`],
      ["top", `${y(b.slot)}px`],
      ["--share", `${100 * share(all, b)}%`],
    ])
      button.style.setProperty(k, v);
    return button;
  });
  const start = el("span", t("beams.prompt"), { class: "root" });
  start.style.setProperty("top", `${root}px`);
  tree.style.setProperty("height", `${height}px`);
  tree.style.setProperty("width", `${x(passes.length) - gap}px`);
  tree.replaceChildren(svg, start, ...buttons);
}

/** @param {Beam} b */
const kind = (b) => (b.answer ? "answer" : b.alive ? "alive" : "pruned");

/** @param {HTMLTableElement} table @param {Beams} info @param {T} t */
function finished(table, info, t) {
  const rows = info.finished.map((f, i) => {
    const wins = i === info.best;
    const tr = el(
      "tr",
      [
        el("th", [isolate(f.text), ...(wins ? [el("b", ` ${t("beams.wins")}`, { class: "wins" })] : [])], {
          scope: "row",
        }),
        ...[f.tokens, f.sum.toFixed(4), f.score.toFixed(4), t(`done.${f.done}`)].map((c) => el("td", String(c))),
      ],
      { class: wins ? "answer" : "" },
    );
    Object.assign(tr.dataset, { score: f.score, sum: f.sum });
    return tr;
  });
  table.replaceChildren(
    el("caption", t("beams.finished")),
    el("thead", titles(["text", "tokens", "sum", "score", "done"], t)),
    el("tbody", rows),
  );
}

/**
 * The tree as a table.
 * @param {HTMLDetailsElement} details
 * @param {Beam[]} all
 * @param {T} t
 */
function fill(details, all, t) {
  const table = /** @type {HTMLTableElement} */ (details.querySelector("table"));
  if (!details.open) return table.replaceChildren();
  const rows = all.map((b) =>
    el("tr", [
      el("th", String(b.pass), { scope: "row" }),
      ...[
        b.slot,
        b.pass ? all[b.parent].slot : "–",
        b.label,
        b.logProb.toFixed(4),
        b.sum.toFixed(4),
        t(`beams.fate.${kind(b)}`),
      ].map((c) => el("td", String(c))),
    ]),
  );
  table.replaceChildren(
    el("thead", titles(["pass", "beam", "parent", "token", "log_prob", "sum", "fate"], t)),
    el("tbody", rows),
  );
}

/** The names of columns. @param {string[]} columns @param {T} t */
const titles = (columns, t) =>
  line(
    columns.map((c) => t(`beams.column.${c}`)),
    true,
  );
