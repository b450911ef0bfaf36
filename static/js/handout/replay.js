// Answers the page's commands from recorded files, as a server would: what was
// recorded can be visited, nothing new is run.

import { createAnswers } from "./answers.js";
import { createLane } from "./lane.js";
import { HEAD, PAIRS, VOCAB } from "../wire/triangle.js";

/** @import { Command, Frame, Looked, Op, PickStep, Ref } from "../types.js" */

/** @typedef {Command|{cmd: "show"}} Order to show what is there, or what a server would be told */

/** Those of the picked layer and head; every other tensor is of the whole step. */
const MATRICES = ["Q", "K", "V", "scores", "mask", "evicted", "probs", "out"];

/**
 * @param {ReturnType<typeof import("./records.js").createRecords>} records @param {(frame: Frame) => void} show
 * @param {{step: number, pick: Looked, marks: number[]}} start
 */
export function createReplay(records, show, start) {
  const {
    run: { config, recorded },
    scope,
  } = records.read(-1, 0).meta;
  const answers = createAnswers(records, config.layers);
  const pass = config.layers + 1;
  const lane = createLane(records, pass);
  const [first, last] = scope.steps;
  const low = first > 0 ? first : -1;
  const held = (/** @type {number} */ n) => Math.min(Math.max(n, low), last);
  let at = held(start.step);
  const headOf = (/** @type {number} */ head) => [head, scope.head, 0].find((h) => scope.heads.includes(h)) ?? 0;
  let pick = { ...start.pick, head: headOf(start.pick.head) };
  let marks = start.marks.filter((n) => n >= first && n <= last);
  /** @type {{step?: number, head?: number}|null} a step or a head that was asked for, and is not here */
  let beyond = null;
  let seq = 0;
  /** @type {Ref[]|null} the way that was asked for last */
  let asked = pick.trail?.length ? pick.trail : null;
  const kvHead = (/** @type {number} */ head) => Math.floor((head * config.kv_heads) / config.heads);

  /** The latest step up to the cursor that ran what is looked at. @param {number} layer */
  function source(layer) {
    const part = HEAD.has(pick.op ?? "") ? config.layers : layer;
    const n = part + pass * Math.floor((at - part) / pass);
    return n < first ? null : n;
  }

  /**
   * What is followed goes with the cursor: in another step it is the newest row of the same op, whose answers there
   * are.
   * @param {number|null} from
   * @param {PickStep|undefined} step that is from
   * @param {number} head
   */
  function trail(from, step, head) {
    const way = pick.trail ?? [];
    if (!way.length || from === null || !step) return [];
    const [root] = way;
    if (HEAD.has(root.op) !== (from % pass === config.layers)) return [];
    const here = { ...root, step: from, head: scope.per_head.includes(root.op) ? head : root.head };
    if (here.step !== root.step && !root.lane)
      here.row =
        (VOCAB.has(root.op) ? 1 : root.op === "K" || root.op === "V" ? step.cached + step.rows : step.rows) - 1;
    const kept = here.step === root.step && here.head === root.head ? way : [here];
    const until = kept.findIndex((ref) => !answers.has(ref));
    return until < 0 ? kept : kept.slice(0, until);
  }

  /**
   * The picked layer's and head's matrices: of the overview, or of one op.
   * @param {number} n
   * @param {number} head
   * @param {Op|undefined} about
   */
  function matrices(n, head, about) {
    if (!about) {
      if (pick.op) return {}; // not in this copy
      const other = lane(records.read(n, 0).meta.without, n, head);
      if (!records.read(n, head).tensors.scores) return other; // a run without a cache
      return { ...Object.fromEntries(MATRICES.map((name) => [name, records.op(n, head, name)])), ...other };
    }
    const names = new Set([
      about.id,
      ...about.inputs.filter((x) => !x.weight).map((x) => x.op),
      ...(PAIRS.has(about.id) ? ["mask"] : []),
    ]);
    return Object.fromEntries([...names].map((id) => [id === "mask" ? id : "op." + id, records.op(n, head, id)]));
  }

  /**
   * The address of a moment in the program.
   * @param {string} link of the step's own record
   * @param {number|null} layer
   * @param {number} head
   * @param {Ref[]} way
   * @param {number} [step]
   */
  function address(link, layer, head, way, step = at) {
    const query = new URLSearchParams(link);
    const fields = {
      step,
      layer: layer ?? "",
      head: head || "",
      op: pick.op ?? "",
      show: (pick.show ?? []).join(),
      mark: marks.join(),
      trail: way.map(written).join("~"),
    };
    for (const [name, value] of Object.entries(fields))
      value === "" ? query.delete(name) : query.set(name, String(value));
    return "?" + query;
  }

  /** The moment at the cursor: words of its step, matrices of the picked layer and head. @returns {Frame} */
  function moment() {
    const base = records.read(at, 0);
    const layer = Math.min(pick.layer ?? base.meta.pick.layer, config.layers - 1);
    const head = pick.head;
    const from = source(layer);
    const step = from === null ? undefined : (records.read(from, 0).meta.step ?? undefined);
    const about = from === null || !pick.op ? undefined : records.about(from, pick.op);
    for (const x of about?.inputs ?? [])
      // its record is head 0's
      if (/^[wb]_[qkv]$/.test(x.op)) x.first = (x.op.endsWith("_q") ? head : kvHead(head)) * config.head_dim;
    const way = trail(from, step, head);
    const answer = way.length ? answers.explain(way) : { explain: null, tensors: {} };
    const lacks = asked?.some((ref) => !answers.has(ref)) ? asked : null;
    const tensors = { ...base.tensors };
    for (const name of [...MATRICES, ...MATRICES.map((x) => "without_" + x)]) delete tensors[name];
    if (layer !== base.meta.pick.layer) delete tensors.cache_received; // of the layer at the cursor
    if (from !== null) Object.assign(tensors, matrices(from, head, about));
    const own = pick.layer === null ? null : layer;
    return {
      bytes: base.bytes,
      tensors: { ...tensors, ...answer.tensors },
      meta: {
        ...base.meta,
        seq: ++seq,
        marks: marks.length ? marks : undefined,
        link: address(base.meta.link, own, head, way),
        scope,
        cell: from === null || !pick.cell ? null : answers.cell({ ...pick.cell, step: from, head }, scope.per_head),
        lacking: lacks
          ? address(base.meta.link, own, head, lacks)
          : beyond && address(base.meta.link, own, beyond.head ?? head, [], beyond.step),
        op: about ?? null,
        without: pick.op || from === null ? null : records.read(from, 0).meta.without,
        explain: answer.explain,
        pick: {
          ...base.meta.pick,
          show: pick.show ?? [],
          kv_head: kvHead(head),
          layer,
          head,
          from,
          follow: pick.layer === null,
          op: pick.op ?? "",
          trail: way,
        },
        pick_step: step,
      },
    };
  }

  /** Goes to a step, or as near as this copy does. @param {number} to */
  function go(to) {
    at = held(to);
    const there = Math.min(Math.max(to, -1), recorded - 1);
    if (at !== there) beyond = { step: there };
  }

  /** @param {Order} c */
  function obey(c) {
    beyond = null;
    if (c.cmd === "forward" || c.cmd === "back" || c.cmd === "seek") {
      asked = null;
      if (c.op) pick = { ...pick, op: c.op, trail: [] };
    }
    switch (c.cmd) {
      case "forward":
        return go(c.by === "end" ? recorded - 1 : c.by === "token" ? at + pass - ((at + 1) % pass) : at + 1);
      case "back":
        return go(c.by === "token" ? at - 1 - (at % pass) : at - 1);
      case "seek":
        return go(c.step);
      case "mark":
        return (marks = [...new Set(c.marks)].sort((a, b) => a - b));
      case "pick": {
        const elsewhere = c.layer !== pick.layer || c.head !== pick.head || c.op !== pick.op;
        asked = c.trail?.length ? c.trail : elsewhere ? null : asked; // pointing at cells asks nothing
        pick = { layer: c.layer, head: headOf(c.head), show: c.show, op: c.op, trail: c.trail, cell: c.cell };
        if (pick.head !== c.head) beyond = { head: c.head };
      }
    }
  }
  return {
    /** @param {Order} command */
    send(command) {
      obey(command);
      queueMicrotask(() => show(moment()));
      return true;
    },
    /** A step's moment, as it would be looked at, without going there. @param {number} step */
    peek(step) {
      const here = /** @type {const} */ ([at, beyond]);
      [at, beyond] = [held(step), null];
      const there = moment();
      [at, beyond] = here;
      return there;
    },
  };
}

/** A way as links write it. @param {string} text @returns {Ref[]} */
export const parseTrail = (text) =>
  text
    .split("~")
    .filter(Boolean)
    .map((one) => {
      const [step, op, head, row, col, lane] = one.split(".");
      const ref = { step: Number(step), op, head: Number(head), row: Number(row), col: Number(col) };
      return lane === "uncached" ? { ...ref, lane } : ref;
    });

/** A cell as links write it. @param {Ref} r */
const written = (r) => [r.step, r.op, r.head, r.row, r.col, ...(r.lane ? [r.lane] : [])].join(".");
