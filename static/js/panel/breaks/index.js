// Breakpoints and bookmarks: the list with its form, the flags, and the line
// that says why a walk has stopped.

import { isolate } from "../../text.js";
import { percent, si } from "../../format.js";
import { check } from "../../ui/refusal.js";
import { el } from "../../ui/dom.js";

/** @import { Frame, Host, Meta, Panel, State, T } from "../../types.js" */

/** Label of a token by position, wherever the frame tells it. @param {Meta} meta @param {number} i */
const label = (meta, i) => (meta.waiting ?? meta.tokens)[i]?.[1] ?? `#${i}`;

/** The bytes of a size, which older links give in KiB. @param {string} n */
const sizeOf = (n) => (n.endsWith("kB") ? 1000 * Number(n.slice(0, -2)) : 1024 * Number(n));

/** A breakpoint in words, such as "layer 3 is done". @param {string} point @param {Meta} meta @param {T} t */
export function named(point, meta, t) {
  const [kind, n] = point.split(":");
  switch (kind) {
    case "layer":
      return t("break.layer", { Layer: Number(n) });
    case "cache":
      return t("break.cache", { Size: si(sizeOf(n), "B") });
    case "attend":
      return t("break.attend", { Token: label(meta, Number(n)), Position: Number(n) });
    case "token":
      return t("break.chosen");
    default:
      return t(`break.${kind}`);
  }
}

/** Why the run stands here: one sentence for each breakpoint reached. @param {Frame} frame @param {T} t */
export const why = (frame, t) => reasons(frame, t).join(" ");

/** @param {Frame} frame @param {T} t */
function reasons(frame, t) {
  const { breaks, step } = frame?.meta ?? {};
  return (breaks?.here ?? []).map((h) => {
    const [kind, n] = h.point.split(":");
    return t(`why.${kind}`, {
      Layer: step?.layer ?? 0,
      Size: kind === "cache" ? sizeOf(n) : 0,
      Bytes: h.bytes,
      Before: h.before,
      Now: h.now,
      Op: step?.differs,
      Token: label(frame.meta, Number(n)),
      Query: label(frame.meta, h.query ?? 0),
      Head: h.head ?? 0,
      Prob: percent(h.prob ?? 0),
    });
  });
}

/**
 * The same as elements: a sentence that names a head leads to it, at the layer of this step.
 * @param {Frame} frame @param {T} t @param {(head: number) => void} look
 */
function reasonsToPress(frame, t, look) {
  const { here } = frame.meta.breaks ?? { here: [] };
  return reasons(frame, t).flatMap((said, i) => {
    const { head } = here[i];
    if (head === undefined) return [el("span", said), " "];
    const b = el("button", said, { type: "button", class: "leads" });
    b.addEventListener("click", () => look(head));
    return [b, " "];
  });
}

/** @type {Panel} */
export const panel = { id: "breaks", offline: false, create };

/** @param {HTMLDetailsElement} root @param {Host} host */
function create(root, { act }) {
  const line = /** @type {HTMLElement} */ (document.getElementById("why")); // stands with the sentence
  const form = /** @type {HTMLFormElement} */ (root.querySelector("form"));
  const field = (/** @type {string} */ name) => /** @type {HTMLSelectElement} */ (form.elements.namedItem(name));
  const list = /** @type {HTMLElement} */ (root.querySelector("[data-points]"));
  /** @type {string[]} */
  let points = [];
  let built = "";
  let said = "";
  let words = /** @type {T} */ ((id) => id);
  const kinds = () => {
    for (const el of form.querySelectorAll("[data-for]")) {
      /** @type {HTMLElement} */ (el).hidden = /** @type {HTMLElement} */ (el).dataset.for !== field("kind").value;
    }
  };
  field("kind").addEventListener("change", kinds);
  form.addEventListener("submit", (e) => {
    e.preventDefault();
    if (!check(form, words)) return;
    const kind = field("kind").value;
    const number = /** @type {HTMLInputElement|null} */ (form.elements.namedItem(kind));
    const point = number ? `${kind}:${Number(number.value)}${kind === "cache" ? "kB" : ""}` : kind;
    if (!points.includes(point)) act.breaks([...points, point]);
  });
  list.addEventListener("click", (e) => {
    const button = /** @type {HTMLElement} */ (e.target).closest("button");
    if (!button) return;
    act.toggleBreak(button.dataset.point ?? "");
    field("kind").focus(); // the button under the focus is about to go
  });

  /** @param {State} state */
  return function view({ frame, t, lang }) {
    words = t;
    if (!frame) return;
    const text = why(frame, t);
    if (said !== text) {
      said = text;
      line.replaceChildren(
        ...reasonsToPress(frame, t, (head) => {
          const { step, pick } = frame.meta;
          act.pick({ layer: pick.follow || step?.layer === undefined ? null : step.layer, head });
        }),
      );
    }
    line.hidden = !text;
    points = frame.meta.breaks?.points ?? [];
    /** @type {HTMLElement} */ (root.querySelector("[data-count]")).textContent = points.length
      ? String(points.length)
      : "";
    root.classList.toggle("armed", points.length > 0);
    const { tokens, waiting, run } = frame.meta;
    const now = JSON.stringify([points, waiting ?? tokens, run.config.layers, lang]);
    if (now === built) return;
    built = now;
    /** @type {HTMLElement} */ (root.querySelector("[data-none]")).hidden = points.length > 0;
    list.replaceChildren(...points.map((p) => row(p, named(p, frame.meta, t), t)));
    options(
      field("layer"),
      Array.from({ length: run.config.layers }, (_, i) => String(i)),
    );
    options(
      field("attend"),
      (waiting ?? tokens).map((x, i) => `${i} · ${isolate(x[1])}`),
    );
    kinds();
  };
}

/** @param {string} point @param {string} words @param {T} t */
function row(point, words, t) {
  const label = t("break.remove", { What: words });
  return el("li", [el("span", words), el("button", "×", { type: "button", "data-point": point, "aria-label": label })]);
}

/** Fills a menu and keeps what was chosen. @param {HTMLSelectElement} select @param {string[]} names */
function options(select, names) {
  const chosen = select.selectedIndex;
  select.replaceChildren(...names.map((text, i) => new Option(text, String(i))));
  select.selectedIndex = Math.min(Math.max(chosen, 0), names.length - 1);
}
