// A lesson on the live run: what a beat says, what it asks, and the way on. What it says comes with the
// frame; where somebody is and what they have answered is in the link, and in this browser.

import { address } from "../../state/url.js";
import { el, parts, put } from "../../ui/dom.js";
import { placeOf, playOf, withAnswer } from "../../facts/lesson.js";
import { lastWay, minuteKeys, takePage, toLab, whole } from "./minute.js";
import { createWalk } from "./walk.js";
import { createQuestion } from "./question.js";
import { light, wire } from "./lights.js";
import { fill } from "./words.js";
import { remember } from "../../facts/progress.js";

/** @import { Frame, Host, Panel, Play, State, T } from "../../types.js" */

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

/** Places an element once more: what another beat has there has not moved. @param {HTMLElement} e */
const anew = (e) => e.parentElement?.insertBefore(e, e.nextSibling);

/** What the learner does, where a button is not all. @param {string} way @param {T} t */
function hint(way, t) {
  if (way === "back") return t("lesson.away");
  return ["step", "pick"].includes(way) ? t(`lesson.do.${way}`, { Button: t("controls.layer") }) : "";
}

/** @param {HTMLElement} root @param {Host} host */
function create(root, { store, act }) {
  const part = parts(root);
  const go = /** @type {HTMLButtonElement} */ (part("go"));
  let painted = /** @type {Play|null} */ (null);
  let way = "";
  let stepped = 0; // past a beat that goes on by a step
  let last = /** @type {State["t"]|null} */ (null);
  const walk = createWalk(store, act);

  const ready = () => {
    const one = way === "answer" && !!playOf(store.get().frame)?.ask?.cells?.one; // a press is the answer
    put(go, "aria-disabled", String(way === "answer" && !question.read())); // it keeps the focus
    go.hidden = one;
    if (one && question.read()) goOn();
  };
  const question = createQuestion(part, store, ready);
  minuteKeys(go, /** @type {HTMLButtonElement} */ (part("before")));
  function goOn() {
    const { frame } = store.get();
    const play = playOf(frame);
    if (!play || go.ariaDisabled === "true") return;
    if (way === "answer") {
      act.answer(withAnswer(placeOf(frame).answers, play.id, question.read()));
      if (play.ask?.cells?.one) act.seek(play.ask.reveal);
    } else if (way === "walk") act.seek(play.step);
    else if (way === "lab") lastWay(part("words"))?.click();
    else if (way === "reveal") act.seek(play.ask?.reveal ?? play.step);
    else if (way === "back") act.beat({ ...placeOf(frame) });
    else if (way === "done") leave();
    else act.beat({ ...placeOf(frame), beat: play.next ?? "" });
  }
  function leave() {
    act.beat({ lesson: "", beat: "", answers: "" });
    /** @type {HTMLElement|null} */ (document.querySelector("#lessons > summary"))?.focus();
  }
  part("before").addEventListener("click", () => {
    const { frame } = store.get();
    act.beat({ ...placeOf(frame), beat: playOf(frame)?.before ?? "" });
  });
  part("leave").addEventListener("click", () => {
    if (whole()) toLab("", store.get());
    else leave();
  });
  root.addEventListener("submit", (e) => {
    e.preventDefault();
    goOn();
  });
  root.addEventListener("click", (e) => {
    const { lesson, lab, panel } = /** @type {HTMLElement} */ (e.target).closest("button")?.dataset ?? {};
    if (lesson) act.beat({ lesson, beat: "", answers: "" });
    if (panel) act.show([panel]);
    if (lab) toLab(lab, store.get());
  });
  const lights = wire(root, () => (painted?.here ? (painted.light ?? []) : []));

  /**
   * What the beat says and asks, and what it says to an answer.
   * @param {State} state @param {Play} play @param {boolean} moved is it another beat?
   * @returns {boolean} whether an answer has just been told what it is worth
   */
  function say(state, play, moved) {
    const { t } = state;
    if (moved) for (const name of ["words", "ask"]) anew(part(name));
    part("title").textContent = play.title;
    part("count").textContent = t("lesson.count", { N: play.beat + 1, Count: play.beats });
    part("dots").replaceChildren(...dots(play));
    part("heading").textContent = play.heading;
    fill(part("words"), play.text);
    question.show(state, play);
    const graded = play.ask?.graded;
    const told = part("reply").hidden && !!graded;
    if (moved || told) anew(part("answers"));
    part("reply").hidden = !graded;
    part("reply").dataset.right = String(!!graded?.right);
    part("verdict").textContent = graded ? t(graded.right ? "lesson.right" : "lesson.wrong") : "";
    fill(part("says"), graded?.says ?? []);
    part("answers").hidden = !!play.first || play.beat < play.beats - 1;
    for (const words of ["title", "heading", "words", "ask", "says"]) part(words).lang = play.lang ?? state.lang;
    return told;
  }

  /** The way on, and back. @param {State} state @param {Play} play @param {Frame} frame @param {number} at */
  function lead({ playing, t }, play, frame, at) {
    const end = play.first && !play.next ? lastWay(part("words")) : null;
    way = walk.on(play, at) ? "walk" : end && play.here ? "lab" : wayOn(play, at);
    if (end?.parentElement) end.parentElement.hidden = true;
    const walks = way === "back" && frame.meta.run.running && !playing; // to the beat's moment
    if (!walks) go.textContent = way === "lab" ? (end?.textContent ?? "") : t(`lesson.go.${way}`);
    const does = way === "next" ? play.go : ""; // elsewhere than here
    const done = does === "step" ? at > play.step : does !== "pick" || !!frame.meta.explain;
    document.documentElement.dataset.lesson = does === "step" && !done ? "step" : "";
    go.classList.toggle("primary", done);
    /** @type {HTMLButtonElement} */ (part("before")).disabled = !play.before;
    const { cannot, lang } = play;
    part("note").textContent = cannot
      ? t(cannot.id, { Moment: cannot.moment ?? "", Models: cannot.models ?? "" })
      : [hint(walks ? "" : done ? way : does, t), lang ? t(`lesson.only.${lang}`) : ""].join(" ").trim();
  }

  /** @param {State} state */
  return function view(state) {
    const { frame, t } = state;
    const play = playOf(frame);
    root.hidden = !play;
    takePage(play);
    if (!play || !frame) {
      delete document.documentElement.dataset.lesson;
      if (painted) light([]);
      if (painted && state.guess) store.set({ guess: null });
      painted = null;
      question.forget();
      return;
    }
    const at = frame.meta.step?.n ?? -1;
    if (state.guess && state.guess.picked !== painted?.ask?.given) question.picked();
    if (painted === play && state.t === last) return;
    const moved = painted?.id !== play.id || painted?.name !== play.name;
    [painted, last] = [play, t];
    const told = say(state, play, moved);
    walk.goOn(play, at, moved);
    lead(state, play, frame, at);
    ready();
    lights.again();
    if (moved && play.open) act.show(play.open);
    if (moved) root.scrollTop = stepped = 0;
    else if (told) root.scrollTop = part("fields").offsetTop;
    const { name, version, beat } = play;
    // Whoever looks around on another run has answered on the lesson's.
    if (play.here || play.cannot) remember(name, { link: address(frame.meta.link, state.lang), version, at: beat });
    if (play.go === "step" && at > play.step && play.next && !stepped++)
      act.beat({ ...placeOf(frame), beat: play.next });
  };
}
