// A lesson on the live run: what a beat says, what it asks, and the way on. What it says comes with the
// frame; where somebody is and what they have answered is in the link, and in this browser.

import { address } from "../../state/url.js";
import { el, parts } from "../../ui/dom.js";
import { placeOf, playOf, withAnswer } from "../../facts/lesson.js";
import { ASKS } from "./asks.js";
import { lastWay, minuteKeys, takePage, toLab, whole } from "./minute.js";
import { createWalk } from "./walk.js";
import { light, lightsOf } from "./lights.js";
import { blocks } from "./words.js";
import { remember } from "../../facts/progress.js";

/** @import { Host, Panel, Play, State, T } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "lesson", offline: false, create };

/** What the button of a beat does. @param {Play} play @param {number} at the cursor's step */
export function wayOn(play, at) {
  if (play.cannot) return play.next ? "next" : "done";
  const { ask } = play;
  if (!play.here && !(play.go === "step" && at > play.step) && !(ask?.given && at >= play.step)) return "back";
  if (ask && !ask.given) return "answer";
  if (ask && !ask.graded) return "reveal";
  return play.beat === play.beats - 1 ? "done" : "next";
}

/** A dot for each beat. @param {Play} play */
const dots = ({ beats, beat }) =>
  Array.from({ length: beats }, (_, i) => el("li", "", { class: i === beat ? "here" : i < beat ? "been" : "" }));

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
  const walk = createWalk(store, act);

  const ready = () => {
    go.disabled = way === "answer" && !form?.read();
    go.hidden = way === "answer" && !!playOf(store.get().frame)?.ask?.cells?.one;
    if (way === "answer" && !go.disabled && playOf(store.get().frame)?.ask?.cells?.one) go.click();
  };
  minuteKeys(go, /** @type {HTMLButtonElement} */ (part("before")));
  go.addEventListener("click", () => {
    const { frame } = store.get();
    const play = playOf(frame);
    if (!play) return;
    if (way === "answer") {
      act.answer(withAnswer(placeOf(frame).answers, play.id, form?.read() ?? ""));
      if (play.ask?.cells?.one) act.seek(play.ask.reveal);
    } else if (way === "walk") act.seek(play.step);
    else if (way === "lab") lastWay(part("words"))?.click();
    else if (way === "reveal") act.seek(play.ask?.reveal ?? play.step);
    else if (way === "back") act.beat({ ...placeOf(frame) });
    else if (way === "done") act.beat({ lesson: "", beat: "", answers: "" });
    else act.beat({ ...placeOf(frame), beat: play.next ?? "" });
  });
  part("before").addEventListener("click", () => {
    const { frame } = store.get();
    act.beat({ ...placeOf(frame), beat: playOf(frame)?.before ?? "" });
  });
  part("leave").addEventListener("click", () => {
    if (whole()) toLab("", store.get());
    else act.beat({ lesson: "", beat: "", answers: "" });
  });
  root.addEventListener("submit", (e) => {
    e.preventDefault();
    if (!go.disabled) go.click();
  });
  root.addEventListener("click", (e) => {
    const { lesson, lab, panel } = /** @type {HTMLElement} */ (e.target).closest("button")?.dataset ?? {};
    if (lesson) act.beat({ lesson, beat: "", answers: "" });
    if (panel) act.show([panel]);
    if (lab) toLab(lab, store.get());
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
    takePage(play);
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
    part("count").textContent = t("lesson.count", { N: play.beat + 1, Count: play.beats });
    part("dots").replaceChildren(...dots(play));
    part("heading").textContent = play.heading;
    part("words").replaceChildren(...blocks(play.text));
    question(state, play);
    const graded = play.ask?.graded;
    part("reply").hidden = !graded;
    part("reply").dataset.right = String(!!graded?.right);
    part("verdict").textContent = graded ? t(graded.right ? "lesson.right" : "lesson.wrong") : "";
    part("says").replaceChildren(...blocks(graded?.says ?? []));
    walk.goOn(play, at, moved);
    const end = play.first && !play.next ? lastWay(part("words")) : null;
    way = walk.on(play, at) ? "walk" : end && play.here ? "lab" : wayOn(play, at);
    if (end?.parentElement) end.parentElement.hidden = true;
    go.textContent = way === "lab" ? (end?.textContent ?? "") : t(`lesson.go.${way}`);
    /** @type {HTMLButtonElement} */ (part("before")).disabled = !play.before;
    const { cannot, lang } = play;
    for (const words of ["title", "heading", "text", "ask", "says"]) part(words).lang = lang ?? state.lang;
    part("note").textContent = cannot
      ? t(cannot.id, { Moment: cannot.moment ?? "", Models: cannot.models ?? "" })
      : [hint(play, way, t), lang ? t(`lesson.only.${lang}`) : ""].join(" ").trim();
    ready();
    light(play.here ? (play.light ?? []) : []);
    if (moved && play.open) act.show(play.open);
    const { name, version, beat } = play;
    remember(name, { link: address(frame.meta.link, state.lang), version, at: beat });
    part("answers").hidden = !!play.first || play.beat < play.beats - 1;
    if (play.go === "step" && at > play.step && play.next) act.beat({ ...placeOf(frame), beat: play.next });
  };
}
