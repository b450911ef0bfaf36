// The strip of ops: one chip for each op of a layer and of the head, and the walk
// from one to the next with a single key.

import { onShortcut } from "../../ui/keys.js";

/** @import { Frame, Host, Meta, Panel, State } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "ops", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const chips = /** @type {HTMLButtonElement[]} */ ([...root.querySelectorAll("[data-look]:not([data-look=''])")]);
  const overview = /** @type {HTMLButtonElement} */ (root.querySelector("[data-look='']"));
  /** The ops that the model has. @param {string} part */
  const ids = (part) => chips.filter((c) => c.dataset.part === part && !c.hidden).map((c) => c.dataset.look ?? "");
  let frame = /** @type {Frame|null} */ (null);
  const strip = /** @type {HTMLElement} */ (root.querySelector(".ops-groups"));
  let shown = "";
  const opener = /** @type {HTMLElement} */ (document.getElementById("ops-open"));
  let open = false; // by the button; an op that is looked at shows the strip too
  const fold = () => {
    const shows = open || !!frame?.meta.pick.op;
    root.classList.toggle("folded", !shows);
    opener.setAttribute("aria-expanded", String(shows));
  };
  opener.addEventListener("click", () => {
    open = root.classList.contains("folded");
    if (!open) act.look("");
    fold();
  });

  /** Steps of one op forward or back; beyond a layer's ends on into its neighbour. @param {number} by */
  function walk(by) {
    if (!frame) return;
    const next = following(frame.meta, by, ids("layer"), ids("head"));
    if (!next) return;
    if (next.step === undefined) act.look(next.op);
    else act.walkTo(next.step, next.op);
  }
  root.addEventListener("click", (e) => {
    const b = /** @type {HTMLElement} */ (e.target).closest("button");
    if (b?.dataset.look !== undefined) act.look(b.dataset.look);
    if (b?.dataset.walk) walk(Number(b.dataset.walk));
  });
  onShortcut((key) => {
    if (key === ".") walk(1);
    else if (key === ",") walk(-1);
    else if (key === "o") act.look("");
    else return false;
    return true;
  });

  /** @param {State} state */
  return function view({ frame: now, t }) {
    frame = now;
    if (!frame) return;
    const op = frame.meta.pick.op;
    fold();
    for (const c of chips) c.hidden = frame.meta.run.lacks?.includes(c.dataset.look ?? "") ?? false;
    const at = chips.findIndex((c) => c.dataset.look === op);
    if (op !== shown && at >= 0) show(strip, chips[at]);
    shown = op;
    overview.setAttribute("aria-pressed", String(!op));
    chips.forEach((c, i) => {
      const part = c.dataset.part === chips[at]?.dataset.part;
      const state = i === at ? "now" : part && i < at ? (i === at - 1 ? "just" : "done") : "todo";
      c.dataset.state = at < 0 ? "rest" : state;
      if (i === at) c.setAttribute("aria-current", "step");
      else c.removeAttribute("aria-current");
      c.setAttribute(
        "aria-label",
        `${t("sym." + c.dataset.look)}, ${t("name." + c.dataset.look)}` +
          (at >= 0 && part && i < at ? ", " + t("ops.done") : ""),
      );
    });
  };
}

/**
 * On a phone the strip is one line that scrolls: brings a chip to its middle.
 * @param {HTMLElement} strip
 * @param {HTMLElement} chip
 */
function show(strip, chip) {
  if (strip.scrollWidth > strip.clientWidth)
    strip.scrollLeft +=
      chip.getBoundingClientRect().left -
      strip.getBoundingClientRect().left -
      (strip.clientWidth - chip.offsetWidth) / 2;
}

/**
 * Where one op further leads: another op of the same step, or a step and an op
 * of it; null at the ends of the run.
 * @param {Meta} meta of the frame @param {number} by 1 or -1 @param {string[]} inLayer @param {string[]} inHead
 * @returns {{op: string, step?: number}|null}
 */
export function following({ pick, run, step }, by, inLayer, inHead) {
  const layers = run.config.layers;
  const isHead = (/** @type {number} */ n) => n % (layers + 1) === layers;
  if (!step) return by > 0 ? { step: 0, op: inLayer[0] } : null;
  if (!pick.op) {
    if (by < 0) return null;
    return { op: (step.part === "head" ? inHead : inLayer)[0] };
  }
  const list = inHead.includes(pick.op) ? inHead : inLayer;
  const i = list.indexOf(pick.op) + by;
  if (pick.from === null || (i >= 0 && i < list.length)) return i >= 0 && i < list.length ? { op: list[i] } : null;
  const to = pick.from + by;
  if (to < 0) return { op: "" };
  if (run.ended && to >= run.recorded) return null;
  const other = isHead(to) ? inHead : inLayer;
  return { step: to, op: by > 0 ? other[0] : other[other.length - 1] };
}
