// A lesson on the live run: what a beat says, what it asks, and the way on. What it says comes with the
// frame; where somebody is and what they have answered is in the link, and in this browser.

import { LAB } from "../../state/url.js";
import { parts } from "../../ui/dom.js";
import { placeOf, playOf, withAnswer } from "../../facts/lesson.js";
import { ASKS } from "./asks.js";
import { light, lightsOf } from "./lights.js";
import { blocks } from "./words.js";
import { remember } from "../../facts/progress.js";

/** @import { Host, Panel, Play, State, T } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "lesson", offline: false, create };

/** What the button of a beat does. @param {Play} play @param {number} at the cursor's step */
export function wayOn(play, at) {
  if (play.cannot) return "next";
  const { ask } = play;
  if (!play.here && !(play.go === "step" && at > play.step) && !(ask?.given && at >= play.step)) return "back";
  if (ask && !ask.given) return "answer";
  if (ask && !ask.graded) return "reveal";
  return play.beat === play.beats - 1 ? "done" : "next";
}

/** What the learner does, where a button is not all. @param {Play} play @param {string} way @param {T} t */
function hint(play, way, t) {
  if (way === "back") return t("lesson.away");
  if (way !== "next" || !["step", "pick"].includes(play.go)) return "";
  return t(`lesson.do.${play.go}`, { Button: t("controls.layer") });
}

/** @param {HTMLElement} root @param {Host} host */
function create(root, { store, act }) {
  const part = parts(root);
  const go = /** @type {HTMLButtonElement} */ (part("go"));
  let shown = ""; // of the question that stands in the form
  let painted = /** @type {Play|null} */ (null);
  let form = /** @type {import("./asks.js").Form|null} */ (null);
  let way = "";
  let last = /** @type {State["t"]|null} */ (null);

  const ready = () => (go.disabled = way === "answer" && !form?.read());
  go.addEventListener("click", () => {
    const { frame } = store.get();
    const play = playOf(frame);
    if (!play) return;
    if (way === "answer") act.answer(withAnswer(placeOf(frame).answers, play.id, form?.read() ?? ""));
    else if (way === "reveal") act.seek(play.ask?.reveal ?? play.step);
    else if (way === "back") act.beat({ ...placeOf(frame) });
    else if (way === "done") act.beat({ lesson: "", beat: "", answers: "" });
    else act.beat({ ...placeOf(frame), beat: play.next ?? "" });
  });
  part("before").addEventListener("click", () => {
    const { frame } = store.get();
    act.beat({ ...placeOf(frame), beat: playOf(frame)?.before ?? "" });
  });
  part("leave").addEventListener("click", () => act.beat({ lesson: "", beat: "", answers: "" }));
  root.addEventListener("submit", (e) => {
    e.preventDefault();
    if (!go.disabled) go.click();
  });
  root.addEventListener("click", (e) => {
    const { lesson, lab, panel } = /** @type {HTMLElement} */ (e.target).closest("button")?.dataset ?? {};
    if (lesson) act.beat({ lesson, beat: "", answers: "" });
    if (panel) act.show([panel]);
    if (lab) location.assign(LAB + lab);
  });
  for (const [on, names] of /** @type {const} */ ([
    [["pointerover", "focusin"], true],
    [["pointerout", "focusout"], false],
  ]))
    for (const event of on)
      root.addEventListener(event, (e) => {
        const lights = /** @type {HTMLElement} */ (e.target).closest?.("[data-lights]");
        if (lights) light(names ? [/** @type {HTMLElement} */ (lights).dataset.lights ?? ""] : (painted?.light ?? []));
      });
  document.getElementById("stage")?.addEventListener("pointerover", (e) => {
    const spans = [...root.querySelectorAll("[data-lights]")];
    if (!spans.length) return;
    const names = spans.map((s) => /** @type {HTMLElement} */ (s).dataset.lights ?? "");
    const on = lightsOf(/** @type {Element} */ (e.target), names);
    spans.forEach((s, i) => s.classList.toggle("on", on.includes(names[i])));
  });

  /** @param {State} state @param {Play} play */
  function question(state, play) {
    const { ask } = play;
    const key = ask ? JSON.stringify([play.name, play.id, state.lang, ask.given, !!ask.graded]) : "";
    if (key === shown) return;
    shown = key;
    part("ask").hidden = !ask;
    form = null;
    if (!ask || !state.frame) return store.set({ guess: null });
    part("question").replaceChildren(...blocks(ask.text));
    form = ASKS[ask.kind]({ ask, t: state.t, store, frame: state.frame, ready });
    part("fields").replaceChildren(...form.nodes);
    /** @type {HTMLFieldSetElement} */ (part("fields")).disabled = !!ask.given;
    const c = ask.cells;
    const guess = c && { ...c, picked: ask.given ?? "", right: ask.graded?.answer ?? null, open: !ask.given };
    store.set({ guess: guess ?? null });
  }

  /** @param {State} state */
  return function view(state) {
    const { frame, t } = state;
    const play = playOf(frame);
    root.hidden = !play;
    document.documentElement.toggleAttribute("data-lesson", !!play);
    if (!play || !frame) {
      if (painted) light([]);
      if (painted && state.guess) store.set({ guess: null });
      [painted, shown] = [null, ""];
      return;
    }
    const at = frame.meta.step?.n ?? -1;
    if (state.guess && state.guess.picked !== painted?.ask?.given)
      part("fields").querySelector("input")?.dispatchEvent(new Event("picked"));
    if (painted === play && state.t === last) return;
    const moved = painted?.id !== play.id || painted?.name !== play.name;
    [painted, last] = [play, t];
    part("title").textContent = play.title;
    part("count").textContent = t("lesson.count", { N: play.beat, Count: play.beats });
    part("heading").textContent = play.heading;
    part("text").replaceChildren(...blocks(play.text));
    question(state, play);
    const graded = play.ask?.graded;
    part("reply").hidden = !graded;
    part("reply").dataset.right = String(!!graded?.right);
    part("verdict").textContent = graded ? t(graded.right ? "lesson.right" : "lesson.wrong") : "";
    part("says").replaceChildren(...blocks(graded?.says ?? []));
    way = wayOn(play, at);
    go.textContent = t(`lesson.go.${way}`);
    /** @type {HTMLButtonElement} */ (part("before")).disabled = !play.before;
    part("note").textContent = play.cannot
      ? t(play.cannot.id, { Moment: play.cannot.moment ?? "" })
      : hint(play, way, t);
    ready();
    light(play.here ? (play.light ?? []) : []);
    if (moved && play.open) act.show(play.open);
    remember(placeOf(frame), play.beat);
    if (play.go === "step" && at > play.step && play.next) act.beat({ ...placeOf(frame), beat: play.next });
  };
}
