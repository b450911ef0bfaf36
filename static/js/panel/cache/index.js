// The KV cache as what it is: [layer, kv_head, position, head_dim], one mark
// for each cached row, growing by the rows that this step appended. Each row
// tells where it comes from.

import { onKey } from "../../ui/keys.js";
import { key } from "./guess.js";
import { createChoice, speakWhileFocused } from "../../ui/open.js";
import { fill, refOf, sentence } from "./provenance.js";
import { plan } from "./plan.js";
import { cell as short, sentences, si } from "../../format.js";
import { shade } from "./paint.js";
import { keptTokens } from "../../facts/policy-rows.js";
import { SIGNED } from "./policy-marks.js";
import { watchWidth } from "../../ui/width.js";
import { isSeveral, seqName } from "../../facts/sequences.js";
import { cacheless } from "../../facts/lanes.js";
import { say, withTerms } from "../../ui/terms.js";

/** @import { Frame, Host, Panel, Row, State, T } from "../../types.js" */
/** @import { Colouring } from "./paint.js" */
/** @import { Plan } from "./plan.js" */

const FORGET = 1500; // milliseconds after which a picture no one points at asks for no more data

/** @type {Panel} */
export const panel = { id: "cache", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const part = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (root.querySelector(selector));
  const canvas = /** @type {HTMLCanvasElement} */ (part("canvas"));
  const output = part("output");
  const details = /** @type {HTMLDetailsElement} */ (part("details"));
  const select = /** @type {HTMLSelectElement} */ (part("select"));
  const numbers = /** @type {HTMLTableElement} */ (part("details table"));
  const errors = /** @type {HTMLElement} */ (part('input[value="error"]').closest("label"));
  const width = watchWidth(canvas, act.repaint);
  const choice = createChoice(root, "cache-view", { read: "rows-read", again: "rows-again", error: "rows-error" }, act);
  let layout = /** @type {Plan|null} */ (null);
  let state = /** @type {State|null} */ (null);
  let here = /** @type {Row|null} */ (null);
  let kept = false; // chosen by a press or a key, not only pointed at
  let timer = /** @type {ReturnType<typeof setTimeout>|undefined} */ (undefined);

  speakWhileFocused(canvas, output);
  const start = () => ({ side: 0, layer: state?.frame?.meta.pick.layer ?? 0, head: 0, position: 0 });
  const look = () => {
    clearTimeout(timer);
    act.show(["rows"]);
  };
  const leave = () => {
    if (kept) return;
    here = null;
    act.repaint();
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (!details.open && view(state) === "size") act.show([], ["rows"]);
    }, FORGET);
  };
  const go = (/** @type {typeof here} */ row) => {
    if (
      !row ||
      (here &&
        row.side === here.side &&
        row.layer === here.layer &&
        row.head === here.head &&
        row.position === here.position)
    )
      return;
    here = row;
    look();
    act.repaint();
  };
  /** Goes to a row's layer and head, and opens where it comes from. @param {Row} row @param {boolean} focus */
  const ask = (row, focus) => {
    const ref = state?.frame && refOf(state.frame, row);
    if (ref) act.explainAt(row.layer, ref, focus);
    return !!ref;
  };
  canvas.addEventListener(
    "pointermove",
    (e) => !kept && layout && (e.movementX || e.movementY) && go(layout.at(e.offsetX, e.offsetY)),
  );
  canvas.addEventListener("pointerenter", look);
  canvas.addEventListener("pointerleave", leave);
  canvas.addEventListener("blur", leave);
  canvas.addEventListener("focus", () => {
    look();
    if (!here) go(start());
  });
  canvas.addEventListener("click", (e) => {
    const row = layout?.at(e.offsetX, e.offsetY) ?? null;
    kept = !!row;
    if (row) go(row);
    else leave();
    if (row) ask(row, false);
  });
  onKey(canvas, (key, e) => {
    if (!layout) return;
    const held = Math.max(...(state?.frame?.meta.kv.lens ?? [0]), 1);
    const to = key === "Escape" ? null : layout.step(here ?? start(), key, held);
    if (key === "Escape") [kept, here] = [false, null];
    else if (key === "Enter" && here && ask(here, true)) return e.preventDefault();
    else if (!to) return;
    e.preventDefault();
    e.stopPropagation(); // the page's own keys step the run
    kept = !!to;
    if (to) go(to);
    else act.repaint();
  });
  details.addEventListener("toggle", () => (details.open ? look() : leave()));
  select.addEventListener("change", act.repaint);

  /** @param {State} next */
  return function paint(next) {
    state = next;
    choice(next);
    const { frame, theme, t } = next;
    if (!frame) return;
    if (view(next) !== "size" && !next.show?.includes("rows")) look(); // a heat needs the rows' counts
    const none = cacheless(frame); // nothing is ever kept: it has no shape and no picture
    for (const what of ["[data-shape]", "[data-each]", ".switches", "canvas", "details"]) part(what).hidden = none;
    const { kv, run } = frame.meta;
    const c = run.config;
    const held = Math.max(...kv.lens, 0);
    const most = Math.max(...Array.from(kv.lens, (_, l) => keptTokens(frame, l)), 0);
    const shape = [c.layers, c.kv_heads, most, c.head_dim].join(", ");
    part("[data-shape]").textContent = t("cache.shape", { Shape: `[${shape}]` });
    part("[data-bytes]").textContent = si(kv.bytes, "B");
    part("[data-bytes]").dataset.value = String(kv.bytes);
    part("[data-each]").textContent = [
      isSeveral(frame) ? seqName(frame, frame.meta.peers.seq, t) : "",
      t("cache.each", { Bytes: kv.bytes_per_token }),
    ]
      .filter(Boolean)
      .join(" · ");
    canvas.setAttribute(
      "aria-label",
      t("cache.label", { Layers: c.layers, Heads: c.kv_heads, Tokens: most, Capacity: kv.capacity }),
    );
    layout = plan({ width: width(), layers: c.layers, heads: c.kv_heads, capacity: kv.capacity });
    const strongest = shade(canvas, width(), layout, { frame, theme, t, view: view(next), here });
    part("[data-key]").textContent = !held
      ? ""
      : t(view(next) !== "size" && !strongest ? `cache.key.${view(next)}.none` : `cache.key.${view(next)}`, {
          K: short(kv.max_k),
          V: short(kv.max_v),
          Most: strongest,
          Error: short(strongest),
        }) + key(frame, t);
    const each = c.heads / c.kv_heads;
    part(".on-stage").hidden = !held; // nothing is kept yet, or never
    const words = withTerms(t);
    const staged = words("cache.stage", { KV: frame.meta.pick.kv_head, Layer: frame.meta.pick.layer });
    say(part("[data-stage]"), sentences(staged, each > 1 ? words("cache.shared", { Count: each }) : ""));
    part("[data-gone]").textContent = held ? legend(frame, t, layout.mark) : "";
    errors.hidden = !run.policy.bits; // nothing else rounds
    root.classList.toggle("lossy", !!(run.policy.bits || run.policy.keeps)); // there is more to say of a row
    output.textContent = here ? sentence(frame, here, t) : t(cacheless(frame) ? "cache.none" : "cache.hint");
    table(frame, c.layers, t);
  };

  /** @param {Frame} frame @param {number} layers @param {T} t */
  function table(frame, layers, t) {
    if (select.options.length !== layers) {
      select.replaceChildren(...Array.from({ length: layers }, (_, l) => new Option(String(l), String(l))));
    }
    if (details.open) fill(numbers, frame, Number(select.value), t);
    else if (numbers.firstChild) numbers.replaceChildren();
  }
}

/**
 * What the marks of an evicting policy mean.
 * @param {Frame} frame
 * @param {T} t
 * @param {number} mark pixels of a position
 */
function legend(frame, t, mark) {
  const { policy, recipe } = frame.meta.run;
  if (!policy.keeps) return "";
  const [first, , chosen] = policy.keeps;
  if (mark < SIGNED || !(first || chosen)) return t("cache.key.gone");
  return t(chosen ? `cache.key.chosen.${recipe.cache.kind}` : "cache.key.gone.sinks");
}

/** What the picture is coloured by. @param {State|null} state @returns {Colouring} */
const view = (state) =>
  state?.show?.includes("rows-error") && state.frame?.meta.run.policy.bits
    ? "error"
    : state?.show?.includes("rows-read")
      ? "read"
      : state?.show?.includes("rows-again")
        ? "again"
        : "size";
