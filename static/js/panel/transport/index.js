// Buttons and keys that move the cursor.

import { onShortcut } from "../../ui/keys.js";
import { put } from "../../ui/dom.js";
import { closeMenus, tendMenus, toggleMenu } from "../../ui/menus.js";

/** @import { Command, Host, Panel, State } from "../../types.js" */

/** Keys that no browser owns; the help dialog lists the same. */
export const KEYS = /** @type {Record<string, string>} */ ({
  ArrowRight: "layer",
  ArrowLeft: "back",
  t: "token",
  T: "back-token",
  p: "play",
  e: "end",
  s: "stop",
  f: "follow",
  "?": "help",
  b: "mark",
  n: "mark-next",
  N: "mark-back",
  k: "breaks",
  x: "take",
  r: "restart",
  q: "seq-next",
  Q: "seq-back",
  l: "layer-next",
  L: "layer-back",
  h: "head-next",
  H: "head-back",
});

const COMMANDS = /** @type {Record<string, Command>} */ ({
  layer: { cmd: "forward", by: "layer" },
  token: { cmd: "forward", by: "token" },
  end: { cmd: "forward", by: "end" },
  back: { cmd: "back", by: "layer" },
  "back-token": { cmd: "back", by: "token" },
  restart: { cmd: "seek", step: -1 },
  pause: { cmd: "pause" },
  stop: { cmd: "stop" },
});

/** @type {Panel} */
export const panel = { id: "transport", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const run = (/** @type {string} */ name) => {
    if (name === "play") act.play();
    else if (name === "follow") act.follow();
    else if (name === "help") act.help();
    else if (name === "mark") act.mark();
    else if (name === "mark-next" || name === "mark-back") act.toMark(name === "mark-next" ? 1 : -1);
    else if (name.startsWith("seq-")) act.nextSequence(name === "seq-next" ? 1 : -1);
    else if (name.startsWith("layer-") || name.startsWith("head-"))
      act.nextPick(name.startsWith("layer") ? "layer" : "head", name.endsWith("next") ? 1 : -1);
    else if (name === "breaks" || name === "take") toggleMenu(name);
    else act.send(COMMANDS[name]);
  };
  root.addEventListener("click", (e) => {
    const button = /** @type {HTMLElement} */ (e.target).closest("button[data-do]");
    if (button instanceof HTMLButtonElement && !button.disabled) run(button.dataset.do ?? "");
  });
  const buttons = new Map(
    /** @type {HTMLButtonElement[]} */ ([...root.querySelectorAll("button[data-do]")]).map((b) => [b.dataset.do, b]),
  );
  const play = buttons.get("play");
  const word = play?.querySelector(".word");
  tendMenus();
  onShortcut((key) => {
    const name = KEYS[key];
    if (name) run(name);
    return !!name;
  });
  /** @param {State} state @param {State} [before] */
  return function view({ frame, playing, connected, held, t, moves }, before) {
    if (before && moves !== before.moves) closeMenus();
    const meta = frame?.meta;
    const at = meta?.step ? meta.step.n : -1;
    root.parentElement?.classList.toggle("idle", at < 0);
    const end = !!meta && at === meta.run.recorded - 1 && !!meta.run.ended;
    const off = (/** @type {string} */ name, /** @type {boolean} */ disabled) => {
      const b = buttons.get(name);
      if (b) put(b, "aria-disabled", String(disabled || !connected || !!held?.waits));
    };
    for (const name of ["layer", "token", "end", "play"]) off(name, end);
    for (const name of ["back", "back-token", "restart"]) off(name, at < 0);
    const marks = meta?.marks ?? [];
    off("mark", at < 0);
    off("mark-next", !marks.some((/** @type {number} */ n) => n > at));
    off("mark-back", !marks.some((/** @type {number} */ n) => n < at));
    buttons.get("mark")?.setAttribute("aria-pressed", String(marks.includes(at)));
    off("stop", !!meta?.run.ended || at < 0);
    if (!play || !word) return;
    const busy = playing || !!meta?.run.running;
    put(play, "aria-pressed", String(busy));
    put(play, "title", t(busy ? "controls.pause" : "controls.play"));
    word.textContent = play.title;
    play.dataset.busy = String(busy);
  };
}
