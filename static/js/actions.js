// What a person can do: each action changes the store, tells the server, or both.

import { decode } from "./wire/decode.js";
import { glossary, words } from "./ui/words.js";
import { LAB, address } from "./state/url.js";
import { learned } from "./facts/readout.js";
import { translator } from "./text.js";
import { cellNames, placeOf, playOf } from "./facts/lesson.js";
import { sequences } from "./facts/sequences.js";

/** @import { Place } from "./facts/lesson.js" */
/** @import { Messages } from "./text.js" */
/** @import { Asked, Cell, Command, Counted, Frame, Glossary, Problem, Ref, Run, State, Store } from "./types.js" */

const PLAY_PAUSE = 450; // milliseconds between steps while playing at speed 1
const ADDRESS_PAUSE = 250; // browsers refuse an address that changes with every step

/** What is done to the run, so that nobody has use for a menu any more. */
const MOVES = ["forward", "back", "seek", "run"];

/** The form that a command comes from. @type {Record<string, string>} */
const FORMS = { run: "recipe", break: "breaks" };

/** Where words come from and where the address goes: a handout has no server. */
export const SERVED = {
  words,
  glossary,
  address: (/** @type {string} */ query) => history.replaceState(null, "", LAB + query),
};

/** @param {unknown} e */
const unreadable = (e) => ({ problem: "frame.bad", args: { Why: e instanceof Error ? e.message : String(e) } });

/**
 * What a room says that has met a fault of kvstep itself, and goes on.
 * @param {string} text
 * @returns {{Where?: string, Recipe?: string}|null}
 */
export function broken(text) {
  try {
    const { problem, args = {} } = /** @type {Partial<Problem>} */ (JSON.parse(text) ?? {});
    return problem === "panic" ? /** @type {Record<string, string>} */ (args) : null;
  } catch {
    // that is told as what it is
    return null;
  }
}

/** A trail as a text. @param {Ref[]} trail */
const way = (trail) => trail.map((r) => [r.step, r.op, r.head, r.row, r.col, r.lane].join(".")).join();

/**
 * @param {Store} store
 * @param {{send: (command: Command) => boolean}} link filled in by main.js
 * @param {typeof SERVED} world
 */
export function createActions(store, link, world = SERVED) {
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  /**
   * What was asked to be explained, until a frame has it: another pick meanwhile must not forget it.
   * @type {Ref[]|null}
   */
  let wanted = null;
  /**
   * Where in a lesson somebody has gone, or what they have answered there, until a frame has it: likewise.
   * @type {Place|null}
   */
  let place = null;
  let pickTimer = /** @type {ReturnType<typeof setTimeout>|undefined} */ (undefined);
  /** @returns {Extract<Command, {cmd: "pick"}>} */
  const picked = () => {
    const { frame, cell, show, count } = store.get();
    const p = frame?.meta.pick;
    return {
      cmd: "pick",
      layer: p && !p.follow ? p.layer : null,
      head: p?.head ?? 0,
      seq: frame?.meta.peers?.pick ?? 0,
      cell,
      op: p?.op ?? "",
      trail: wanted ?? p?.trail ?? [],
      show: show ?? [],
      real: p?.real ?? "",
      compare: frame?.meta.branches?.compare?.with ?? 0,
      ...(place ?? placeOf(frame)),
      ...count,
    };
  };
  let spoken = /** @type {Messages} */ ({});
  let parts = ""; // of the model that the words are about
  const translated = (/** @type {Run|undefined} */ run) => {
    parts = JSON.stringify(run?.parts);
    return translator(spoken, store.get().lang, run?.parts);
  };
  let addressTimer = /** @type {ReturnType<typeof setTimeout>|undefined} */ (undefined);
  const showAddress = () => {
    const query = store.get().frame?.meta.link;
    if (query) world.address(address(query, store.get().lang));
  };
  const act = {
    /** Something that no state holds has changed, such as a width. */
    repaint() {
      store.set({});
    },
    /** @param {Command} command */
    send(command) {
      act.pause();
      if (MOVES.includes(command.cmd)) act.moved();
      const sender = FORMS[command.cmd] ?? ""; // whose fields a refusal is about
      if (sender !== store.get().sender) store.set({ sender });
      link.send(command);
    },
    moved() {
      store.set({ moves: store.get().moves + 1 });
    },
    pause() {
      clearTimeout(timer);
      if (store.get().playing) store.set({ playing: false });
      if (store.get().frame?.meta.run.running) link.send({ cmd: "pause" });
    },
    play() {
      if (store.get().playing || store.get().frame?.meta.run.running) return act.pause();
      act.moved();
      store.set({ playing: true });
      link.send({ cmd: "forward", by: "layer" });
    },
    /** @param {ArrayBuffer} data */
    frame(data) {
      let frame;
      try {
        frame = decode(data);
      } catch (e) {
        return store.set({ problem: unreadable(e), playing: false });
      }
      act.moment(frame);
    },
    /** @param {Frame} frame */
    moment(frame) {
      const before = store.get().frame;
      store.set({ frame });
      const recipe = (/** @type {Frame|null} */ f) => JSON.stringify(f?.meta.run.recipe);
      if (wanted && (way(frame.meta.pick.trail) === way(wanted) || recipe(before) !== recipe(frame))) wanted = null;
      const now = placeOf(frame);
      if (
        place &&
        now.lesson === place.lesson &&
        now.beat === (place.beat || now.beat) &&
        now.answers === place.answers
      ) {
        place = null;
        const { cell } = frame.meta; // the beat may look at one
        if (cell && !store.get().cell)
          store.set({ cell: { op: cell.op, row: cell.row, col: cell.col, lane: cell.lane } });
      }
      if (JSON.stringify(frame.meta.run.parts) !== parts) store.set({ t: translated(frame.meta.run) });
      // The link says what is open and what is counted; from then on this page does.
      if (!store.get().show) store.set({ show: frame.meta.pick.show ?? [], count: frame.meta.ledger.count });
      clearTimeout(addressTimer);
      addressTimer = setTimeout(showAddress, ADDRESS_PAUSE);
      const { run, step } = frame.meta;
      const end = run.ended && step?.n === run.recorded - 1;
      // Play is one step after the other, so it is here that it meets a breakpoint.
      const reached = !!frame.meta.breaks?.here.length && step?.n !== before?.meta.step?.n;
      if ((end || reached) && store.get().playing) store.set({ playing: false });
      clearTimeout(timer);
      if (store.get().playing && before !== frame)
        timer = setTimeout(() => link.send({ cmd: "forward", by: "layer" }), PLAY_PAUSE / store.get().speed);
    },
    /** How far a model is that a run waits for, or a refusal. @param {string} text */
    text(text) {
      if (!text.startsWith('{"loading"')) {
        wanted = null;
        return act.problem(text);
      }
      const { loading } = /** @type {Pick<State, "loading">} */ (JSON.parse(text));
      store.set({ loading });
    },
    /** @param {string} text */
    problem(text) {
      let problem;
      try {
        problem = /** @type {Problem} */ (JSON.parse(text));
      } catch (e) {
        problem = unreadable(e);
      }
      place = null;
      store.set({ problem, playing: false });
    },
    /** @param {Asked} recipe */
    run(recipe) {
      store.set({ problem: null, cell: null });
      act.send({ cmd: "run", recipe });
    },
    /** What of the form is not yet run. @param {string[]} pending fields of the recipe */
    edited(pending) {
      if (pending.join() !== store.get().pending.join()) store.set({ pending });
    },
    /** What the form was refused for is being changed. */
    forgive() {
      const { problem, sender } = store.get();
      if (problem && sender === FORMS.run) store.set({ problem: null });
    },
    /** @param {number} step */
    seek(step) {
      act.send({ cmd: "seek", step });
    },
    /** @param {number} token */
    fork(token) {
      act.send({ cmd: "fork", token });
    },
    /** Another of the room's runs; the one it is compared with changes places with it. @param {number} id */
    switchTo(id) {
      const branches = store.get().frame?.meta.branches;
      act.send({ cmd: "switch", branch: id });
      if (branches?.compare?.with === id) act.compare(branches.current);
    },
    /** Sets another run beside the one on screen, 0 is none. @param {number} id */
    compare(id) {
      link.send({ ...picked(), compare: id });
    },
    /**
     * The same text so far, kept otherwise, as a run of its own.
     * @param {string} cache
     * @param {number} budget bytes, 0 for no limit
     */
    branch(cache, budget) {
      store.set({ problem: null });
      act.send({ cmd: "branch", cache, budget });
    },
    /** @param {{layer: number|null, head: number}} choice */
    pick({ layer, head }) {
      link.send({ ...picked(), layer, head });
    },
    /** The request, or the beam, that is looked at. @param {number} seq */
    sequence(seq) {
      clearTimeout(pickTimer);
      link.send({ ...picked(), seq, cell: null, trail: [] });
    },
    /** The sequence beside the one that is looked at, round and round. @param {number} by */
    nextSequence(by) {
      const { frame } = store.get();
      const all = frame ? sequences(frame) : [0];
      const peers = frame?.meta.peers;
      if (peers && all.length > 1) act.sequence(all[(all.indexOf(peers.pick) + by + all.length) % all.length]);
    },
    follow() {
      const p = store.get().frame?.meta.pick;
      if (p) act.pick({ layer: p.follow ? p.layer : null, head: p.head });
    },
    /**
     * The layer or head beside the one that is looked at, round and round.
     * @param {"layer"|"head"} what
     * @param {number} by
     */
    nextPick(what, by) {
      const meta = store.get().frame?.meta;
      if (!meta) return;
      const n = what === "layer" ? meta.run.config.layers : meta.run.config.heads;
      const to = (meta.pick[what] + by + n) % n;
      act.pick({
        layer: what === "layer" ? to : meta.pick.follow ? null : meta.pick.layer,
        head: what === "head" ? to : meta.pick.head,
      });
    },
    /** To a beat of a lesson, or out of it. @param {Place} to */
    beat(to) {
      clearTimeout(pickTimer);
      store.set({ guess: null, cell: null });
      place = to;
      if (to.lesson) act.send({ cmd: "lesson", ...to });
      else link.send(picked());
    },
    /** On with a lesson as somebody has left it. @param {string} link */
    resume(link) {
      store.set({ guess: null, problem: null });
      act.send({ cmd: "lesson", link });
    },
    /** Gives an answer. @param {string} answers all of them */
    answer(answers) {
      place = { ...placeOf(store.get().frame), answers };
      link.send(picked());
    },
    /** A cell that is meant, or meant no more. @param {Cell} cell */
    guess({ op, row, col, lane }) {
      const { guess } = store.get();
      if (!guess?.open || guess.op !== op || (lane ?? "cached") !== guess.lane) return;
      const name = guess.by === "row" ? `${row}` : guess.by === "col" ? `${col}` : `${row}.${col}`;
      const all = cellNames(guess.picked);
      store.set({
        guess: { ...guess, picked: (all.includes(name) ? all.filter((n) => n !== name) : [...all, name]).join(",") },
      });
    },
    /** Sets a bookmark at the cursor, or takes it away. */
    mark() {
      const { marks = [], step } = store.get().frame?.meta ?? {};
      if (step)
        link.send({
          cmd: "mark",
          marks: marks.includes(step.n) ? marks.filter((/** @type {number} */ n) => n !== step.n) : [...marks, step.n],
        });
    },
    /** To the next bookmark (1), or the one before (-1). @param {number} by */
    toMark(by) {
      const { marks = [], step } = store.get().frame?.meta ?? {};
      const at = step?.n ?? -1;
      const to =
        by > 0 ? marks.find((/** @type {number} */ n) => n > at) : marks.findLast((/** @type {number} */ n) => n < at);
      if (to !== undefined) act.seek(to);
    },
    /** @param {string[]} points all of them */
    breaks(points) {
      act.send({ cmd: "break", breaks: points });
    },
    /** @param {string} point */
    toggleBreak(point) {
      const points = store.get().frame?.meta.breaks?.points ?? [];
      act.breaks(points.includes(point) ? points.filter((/** @type {string} */ p) => p !== point) : [...points, point]);
    },
    /** Shows the value at hand at once, and asks for the exact one. @param {Cell} cell */
    pickCell(cell) {
      store.set({ cell });
      clearTimeout(pickTimer);
      pickTimer = setTimeout(() => link.send(picked()), 80);
    },
    /**
     * Opens panels and closes others: only what is open is sent.
     * @param {string[]} open @param {string[]} [close]
     */
    show(open, close = []) {
      const before = store.get().show;
      if (!before) return; // the first frame will say what the link has open
      const show = [...before.filter((/** @type {string} */ x) => !open.includes(x) && !close.includes(x)), ...open];
      if (show.join() === before.join()) return;
      store.set({ show });
      link.send(picked());
    },
    /** What the ledger counts. @param {Counted} change */
    count(change) {
      store.set({ count: { ...store.get().count, ...change } });
      link.send(picked());
    },
    /** The same run in a published model. @param {string} real "model@device", "" is off */
    real(real) {
      link.send({ ...picked(), real });
    },
    /** @param {string} op "" is the overview */
    look(op) {
      clearTimeout(pickTimer);
      link.send({ ...picked(), op, trail: [] });
    },
    /** To a step, and an op of it. @param {number} step @param {string} op */
    walkTo(step, op) {
      const p = store.get().frame?.meta.pick;
      if (p && !p.follow) act.pick({ layer: null, head: p.head });
      act.send({ cmd: "seek", step, op });
    },
    /** Asks where the last cell of a trail comes from; an empty one asks nothing. @param {Ref[]} trail */
    explain(trail) {
      clearTimeout(pickTimer);
      wanted = trail;
      link.send(picked());
    },
    /**
     * @param {Cell} cell of what is on the stage
     * @param {boolean} [focus] on the answer
     */
    explainCell(cell, focus = false) {
      const { pick, without } = store.get().frame?.meta ?? {};
      const step = (cell.lane && without ? without.step : pick?.from) ?? null;
      if (!pick || step === null) return;
      store.set({ cell, asked: { frame: store.get().frame, focus } });
      const { op, row, col, lane } = cell;
      act.explain([{ step, op, head: pick.head, row, col, ...(lane && { lane }) }]);
    },
    /**
     * Looks at a layer and a head of the overview, and asks where a number of theirs comes from.
     * @param {number} layer @param {Ref} ref @param {boolean} [focus] on the answer
     */
    explainAt(layer, ref, focus = false) {
      clearTimeout(pickTimer);
      const { frame } = store.get();
      const p = frame?.meta.pick;
      if (!p) return;
      const cell = { op: ref.op, row: ref.row, col: ref.col };
      store.set({ cell, asked: { frame, focus } });
      const follow = p.follow && layer === p.layer;
      link.send({ ...picked(), layer: follow ? null : layer, head: ref.head, op: "", cell, trail: [ref] });
    },
    /** What was asked is on screen. */
    answered() {
      store.set({ asked: null });
    },
    /**
     * Moves everyone's cursor to the step of a cell, and looks at it there.
     * @param {Ref} ref
     */
    goTo(ref) {
      clearTimeout(pickTimer);
      const constant = learned(ref.op) || ["embed", "cos", "sin"].includes(ref.op);
      const op = constant ? picked().op : ref.op;
      link.send({ ...picked(), layer: null, head: ref.head, op, trail: [ref] });
      act.send({ cmd: "seek", step: ref.step });
    },
    /** The cards of the glossary; none where the server is gone. @param {string} lang @returns {Promise<Glossary>} */
    glossary: (lang) => world.glossary(lang).catch(() => ({})),
    help() {
      /** @type {HTMLDialogElement} */ (document.getElementById("help")).showModal();
    },
    /** @param {string} lang */
    async setLang(lang) {
      try {
        spoken = await world.words(lang);
      } catch {
        // the server is gone; the words on screen stay
        return store.set({ problem: { problem: "words.gone", args: {} } });
      }
      store.set({ lang });
      store.set({ t: translated(store.get().frame?.meta.run) });
      store.flush(); // never two languages at once
      showAddress();
      const { frame } = store.get();
      if (playOf(frame)) act.send({ cmd: "lesson", ...placeOf(frame), lang });
    },
  };
  return act;
}
