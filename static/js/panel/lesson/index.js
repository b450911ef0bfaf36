// A lesson on the live run: what a beat says, what it asks, and the way on. What it says comes with the
// frame; where somebody is and what they have answered is in the link, and in this browser.

import { LAB } from "../../state/url.js";
import { parts, put } from "../../ui/dom.js";
import { placeOf, playOf, withAnswer } from "../../facts/lesson.js";
import { ASKS } from "./asks.js";
import { beside } from "./beside.js";
import { light, wire } from "./lights.js";
import { fill } from "./words.js";
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
  let shown = ""; // of the question that stands in the form
  let painted = /** @type {Play|null} */ (null);
  let form = /** @type {import("./asks.js").Form|null} */ (null);
  let way = "";
  let stepped = 0; // past a beat that goes on by a step
  let last = /** @type {State["t"]|null} */ (null);

  const ready = () => put(go, "aria-disabled", String(way === "answer" && !form?.read())); // it keeps the focus
  const goOn = () => {
    const { frame } = store.get();
    const play = playOf(frame);
    if (!play || go.ariaDisabled === "true") return;
    if (way === "answer") act.answer(withAnswer(placeOf(frame).answers, play.id, form?.read() ?? ""));
    else if (way === "reveal") act.seek(play.ask?.reveal ?? play.step);
    else if (way === "back") act.beat({ ...placeOf(frame) });
    else if (way === "done") leave();
    else act.beat({ ...placeOf(frame), beat: play.next ?? "" });
  };
  function leave() {
    act.beat({ lesson: "", beat: "", answers: "" });
    /** @type {HTMLElement|null} */ (document.querySelector("#lessons > summary"))?.focus();
  }
  part("before").addEventListener("click", () => {
    const { frame } = store.get();
    act.beat({ ...placeOf(frame), beat: playOf(frame)?.before ?? "" });
  });
  part("leave").addEventListener("click", leave);
  root.addEventListener("submit", (e) => {
    e.preventDefault();
    goOn();
  });
  root.addEventListener("click", (e) => {
    const { lesson, lab, panel } = /** @type {HTMLElement} */ (e.target).closest("button")?.dataset ?? {};
    if (lesson) act.beat({ lesson, beat: "", answers: "" });
    if (panel) act.show([panel]);
    if (lab) location.assign(LAB + lab);
  });
  const lights = wire(root, () => (painted?.here ? (painted.light ?? []) : []));

  /** @param {State} state @param {Play} play */
  function question(state, play) {
    const { ask } = play;
    const key = ask ? JSON.stringify([play.name, play.id, state.lang, ask.given, !!ask.graded]) : "";
    if (key === shown) return;
    shown = key;
    part("ask").hidden = !ask;
    form = null;
    fill(part("question"), ask?.text ?? []);
    if (!ask || !state.frame) return store.set({ guess: null });
    const { graded } = ask;
    form = graded
      ? { nodes: beside({ ask, graded, t: state.t }), read: () => "" }
      : ASKS[ask.kind]({ ask, t: state.t, store, frame: state.frame, ready });
    const inside = part("fields").contains(document.activeElement);
    part("fields").replaceChildren(...form.nodes);
    /** @type {HTMLFieldSetElement} */ (part("fields")).disabled = !!ask.given;
    if (inside && ask.given) go.focus({ preventScroll: true });
    const c = ask.cells;
    const guess = c && { ...c, picked: ask.given ?? "", right: ask.graded?.answer ?? null, open: !ask.given };
    store.set({ guess: guess ?? null });
  }

  /** @param {State} state */
  return function view(state) {
    const { frame, t } = state;
    const play = playOf(frame);
    root.hidden = !play;
    if (!play || !frame) {
      delete document.documentElement.dataset.lesson;
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
    if (moved) for (const name of ["text", "ask"]) anew(part(name));
    part("title").textContent = play.title;
    part("count").textContent = t("lesson.count", { N: play.beat + 1, Count: play.beats });
    part("heading").textContent = play.heading;
    fill(part("text"), play.text);
    question(state, play);
    const graded = play.ask?.graded;
    const told = part("reply").hidden && !!graded;
    part("reply").hidden = !graded;
    part("reply").dataset.right = String(!!graded?.right);
    part("verdict").textContent = graded ? t(graded.right ? "lesson.right" : "lesson.wrong") : "";
    fill(part("says"), graded?.says ?? []);
    way = wayOn(play, at);
    const walks = way === "back" && frame.meta.run.running && !state.playing; // to the beat's moment
    const does = way === "next" ? play.go : ""; // elsewhere than here
    const done = does === "step" ? at > play.step : does !== "pick" || !!frame.meta.explain;
    document.documentElement.dataset.lesson = does === "step" && !done ? "step" : "";
    go.classList.toggle("primary", done);
    if (!walks) go.textContent = t(`lesson.go.${way}`);
    /** @type {HTMLButtonElement} */ (part("before")).disabled = !play.before;
    const { cannot, lang } = play;
    for (const words of ["title", "heading", "text", "ask", "says"]) part(words).lang = lang ?? state.lang;
    part("note").textContent = cannot
      ? t(cannot.id, { Moment: cannot.moment ?? "", Models: cannot.models ?? "" })
      : [hint(walks ? "" : done ? way : does, t), lang ? t(`lesson.only.${lang}`) : ""].join(" ").trim();
    ready();
    lights.again();
    if (moved && play.open) act.show(play.open);
    if (moved) root.scrollTop = stepped = 0;
    else if (told) root.scrollTop = part("fields").offsetTop;
    remember(placeOf(frame), play.beat);
    if (play.go === "step" && at > play.step && play.next && !stepped++)
      act.beat({ ...placeOf(frame), beat: play.next });
  };
}
