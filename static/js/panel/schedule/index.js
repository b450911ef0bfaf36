// The schedule of a batch: one line for each request, one column for each pass.

import { isolate } from "../../text.js";
import { onKey } from "../../ui/keys.js";
import { passes, totals, waits } from "./passes.js";
import { createOptional } from "../../ui/optional.js";
import { percent, sentences, si } from "../../format.js";
import { isBatch, promptOf, seqName } from "../../facts/sequences.js";
import { unitOf } from "../../facts/counters.js";
import { el, line, parts } from "../../ui/dom.js";
import { nodes, say, withTerms } from "../../ui/terms.js";

/** @import { Frame, Host, Panel, State, T, With } from "../../types.js" */
/** @import { PassCell } from "./passes.js" */

/** @type {Panel} */
export const panel = { id: "schedule", offline: true, create };

/** @param {HTMLDetailsElement} root @param {Host} host */
function create(root, { act }) {
  const lens = createOptional(root, "schedule", act);
  const part = parts(root);
  const grid = /** @type {HTMLTableElement} */ (part("grid"));
  let frame = /** @type {Frame|null} */ (null);
  let built = "";
  grid.addEventListener("click", (e) => {
    const b = /** @type {HTMLElement} */ (e.target).closest("button");
    if (!b || !frame) return;
    if (b.dataset.pass)
      act.seek(
        Math.min((Number(b.dataset.pass) + 1) * (frame.meta.run.config.layers + 1), frame.meta.run.recorded) - 1,
      );
    else act.sequence(Number(b.dataset.seq));
  });
  onKey(grid, (key, e) => {
    // one stop of the tab key for all passes
    const b = /** @type {HTMLElement} */ (e.target).closest("[data-pass]");
    const all = /** @type {HTMLElement[]} */ ([...grid.querySelectorAll("[data-pass]")]);
    const at = b ? all.indexOf(/** @type {HTMLElement} */ (b)) : -1;
    const to = at < 0 ? undefined : { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[key];
    if (to === undefined) return;
    e.preventDefault();
    e.stopPropagation(); // the page's own keys step the run
    const next = all[Math.min(Math.max(to, 0), all.length - 1)];
    for (const x of all) x.tabIndex = x === next ? 0 : -1;
    next.focus();
  });
  /** @param {State} state */
  return function view(state) {
    frame = state.frame;
    const on = lens(state, !!frame?.meta.schedule);
    if (!on) return;
    const { t, lang } = state;
    const x = frame && passes(frame);
    part("none").hidden = !!x;
    part("body").hidden = !x;
    if (!x || !frame || !isBatch(frame)) return void (built = "");
    const { run, step, peers, schedule } = frame.meta;
    const now = JSON.stringify([x, run.recipe, step?.pass, step?.part === "head", peers.pick, peers.seq, lang]);
    if (now === built) return;
    built = now;
    const focus = /** @type {HTMLElement|null} */ (
      grid.contains(document.activeElement) ? document.activeElement : null
    )?.dataset;
    fill(grid, frame, x, t, !!state.recorded);
    if (focus)
      /** @type {HTMLElement|null} */ (
        grid.querySelector(focus.pass ? `[data-pass="${focus.pass}"]` : `[data-seq="${focus.seq}"]`)
      )?.focus({ preventScroll: true });
    each(/** @type {HTMLTableElement} */ (part("requests")), frame, x, t);
    const sum = totals(x, frame);
    const words = withTerms(t);
    const told =
      schedule.requests.length === 1
        ? words("schedule.says.one", { Chunk: run.recipe.batch?.chunk ?? 0 })
        : x.whole
          ? words(`schedule.says.${run.recipe.batch?.schedule}`, {
              Passes: x.whole,
              Count: sum.made,
              Rows: sum.rows,
              Padded: sum.padded,
              Busy: percent(sum.busy),
              Use: percent(sum.rows / (sum.rows + sum.padded)),
              Weights: sum.made ? si(sum.weights / sum.made, "B") : "–",
              Alone: si(alone(x), "B"),
              Requests: schedule.requests.length,
            })
          : t("schedule.first");
    say(part("says"), sentences(told, recomputed(frame, words)));
    const some = (/** @type {(c: PassCell) => unknown} */ f) => x.cells.flat().some(f);
    for (const k of ["waiting", "held", "preempted"]) part(`key-${k}`).hidden = !some((c) => c.kind === k);
    for (const k of /** @type {const} */ (["padded", "reused", "again"])) part(`key-${k}`).hidden = !some((c) => c[k]);
    const box = /** @type {HTMLElement} */ (grid.parentElement);
    const seen = grid.querySelector("th.now");
    if (seen instanceof HTMLElement && seen.offsetLeft + seen.offsetWidth > box.scrollLeft + box.clientWidth)
      box.scrollLeft = seen.offsetLeft - box.clientWidth / 2;
  };
}

/** What preemption costs so far. @param {With<"schedule">} frame @param {T} t */
function recomputed(frame, t) {
  const { requests, recomputed } = frame.meta.schedule;
  if (!recomputed) return "";
  return t("schedule.says.recomputed", {
    Count: requests.reduce((n, q) => n + (q.preempted ?? 0), 0),
    Rows: recomputed.rows,
    Flops: si(Number(recomputed.flops), unitOf(frame)),
  });
}

/**
 * All weights once: what a token costs that has a pass of its own.
 * @param {NonNullable<ReturnType<typeof passes>>} x
 */
const alone = (x) => Math.max(...x.weights);

/**
 * @param {HTMLTableElement} table
 * @param {With<"peers"|"schedule">} frame
 * @param {NonNullable<ReturnType<typeof passes>>} x
 * @param {T} t
 * @param {boolean} recorded of one request only
 */
function fill(table, frame, x, t, recorded) {
  const { schedule, step, peers, run } = frame.meta;
  const now = (/** @type {number} */ p) => (p === step?.pass ? "now" : "");
  const head = el("tr", [
    el("th", t("schedule.pass"), { scope: "col" }),
    ...x.rows.map((_, p) =>
      el(
        "th",
        el("button", String(p), {
          type: "button",
          tabindex: p === step?.pass ? "0" : "-1",
          "data-pass": String(p),
          title: t("schedule.go", { Pass: p }),
        }),
        { scope: "col", class: now(p) },
      ),
    ),
  ]);
  const lines = schedule.requests.map((q, i) => {
    const parts = [
      el("span", `${seqName(frame, i, t)}: `, { class: "spoken" }),
      el("b", String(i), { "aria-hidden": "true" }),
      el("span", promptOf(frame, i), { class: "prompt" }),
    ];
    const name = recorded
      ? el("span", parts, { class: "who" })
      : el("button", parts, {
          type: "button",
          "data-seq": String(i),
          "aria-pressed": String(i === peers.seq),
          title: promptOf(frame, i),
        });
    return el("tr", [el("th", name, { scope: "row" }), ...x.cells[i].map((c, p) => square(c, now(p), t))], {
      "data-request": String(i),
    });
  });
  const line = (
    /** @type {string} */ id,
    /** @type {(p: number) => string} */ of,
    bar = (/** @type {number} */ _) => 0,
  ) =>
    el(
      "tr",
      [
        el("th", t(`schedule.${id}`), { scope: "row" }),
        ...x.rows.map((_, p) => {
          const td = el("td", of(p), { class: now(p) });
          td.style.setProperty("--share", `${100 * bar(p)}%`);
          return td;
        }),
      ],
      { "data-line": id },
    );
  const over = (/** @type {number} */ p) => p < x.whole;
  const most = Math.max(...x.weights);
  const use = (/** @type {number} */ p) => x.rows[p] / (x.rows[p] + x.padded[p]);
  // only what is all is 100 %
  const usedOf = (/** @type {number} */ p) => `${use(p) < 1 ? Math.min(99, Math.round(100 * use(p))) : 100} %`;
  const foot = [
    line("rows", (p) => String(x.rows[p])),
    ...(schedule.recomputed ? [line("again", (p) => String(x.again[p]))] : []),
    ...(run.recipe.batch?.schedule === "static"
      ? [line("padded", (p) => String(x.padded[p])), line("use", usedOf, use)]
      : []),
    ...(schedule.requests.length === 1
      ? []
      : [
          line(
            "idle",
            (p) => String(x.idle[p]),
            (p) => x.idle[p] / (run.recipe.batch?.slots ?? 1),
          ),
        ]),
    line("made", (p) => (over(p) ? String(x.made[p]) : "")),
    line(
      "weights",
      (p) => (over(p) && x.made[p] ? si(x.weights[p] / x.made[p], "B") : "–"),
      (p) => (over(p) && x.made[p] ? x.weights[p] / x.made[p] / most : 0),
    ),
  ];
  table.replaceChildren(el("thead", head), el("tbody", lines), el("tfoot", foot));
}

/**
 * One request in one pass.
 * @param {PassCell} c
 * @param {string} now
 * @param {T} t
 */
function square(c, now, t) {
  const says =
    t(c.again ? "schedule.cell.again" : `schedule.cell.${c.kind}`, {
      Rows: c.rows,
      Again: c.again,
      Reused: c.reused,
      Padded: c.padded,
    }) +
    (c.reused ? " " + t("schedule.cell.reused", { Reused: c.reused }) : "") +
    (c.padded ? " " + t("schedule.cell.padded", { Padded: c.padded }) : "");
  const shown = [
    ...(c.reused ? [el("i", String(c.reused), { class: "reused" })] : []),
    ...(c.again ? [el("i", String(c.again), { class: "again" })] : []),
    ...(c.rows
      ? c.rows > c.again
        ? [el("i", String(c.rows - c.again), { class: "fed" })]
        : []
      : c.kind === "waiting"
        ? [el("i", "…", { class: "wait" })]
        : c.kind === "held"
          ? [el("i", "‖", { class: "wait" })]
          : c.kind === "preempted"
            ? [el("i", "✕", { class: "out" })]
            : []),
    ...(c.padded ? [el("i", `+${c.padded}`, { class: "pad" })] : []),
  ];
  return el(
    "td",
    [el("span", shown, { "aria-hidden": "true", class: "stack" }), el("span", says, { class: "spoken" })],
    {
      class: `k-${c.kind} ${c.token ? "token" : ""} ${now}`,
      title: says,
      "data-kind": c.kind,
      "data-rows": String(c.rows),
      "data-again": String(c.again),
      "data-padded": String(c.padded),
    },
  );
}

/**
 * What each request waited for.
 * @param {HTMLTableElement} table
 * @param {With<"peers"|"schedule">} frame
 * @param {NonNullable<ReturnType<typeof passes>>} x
 * @param {T} t
 */
function each(table, frame, x, t) {
  const some = frame.meta.schedule.recomputed; // somebody was preempted
  const more = some ? ["preempted", "again"] : [];
  const columns = ["request", "prompt", "reused", "arrive", "ttft", "tpot", "tokens", ...more, "state", "said"];
  const rows = frame.meta.schedule.requests.map((q, i) => {
    const w = waits(q, x.whole);
    const cells = [
      q.prompt,
      q.reused,
      q.arrive,
      w.first ?? "–",
      w.each === null ? "–" : w.each.toFixed(2),
      q.chosen,
      ...(some ? [q.preempted ?? 0, q.recomputed ?? 0] : []),
      q.done ? t(`done.${q.done}`) : t(`schedule.state.${q.state}`),
      isolate(q.said),
    ];
    const tr = el("tr", [
      el("th", String(i), { scope: "row" }),
      ...cells.map((c, k) => el("td", String(c), k === cells.length - 1 ? { class: "said" } : {})),
    ]);
    Object.assign(tr.dataset, { request: i, ttft: w.first ?? "", tpot: w.each ?? "" });
    return tr;
  });
  table.replaceChildren(
    el(
      "thead",
      line(
        columns.map((c) => nodes(withTerms(t)(`schedule.column.${c}`))),
        true,
      ),
    ),
    el("tbody", rows),
  );
}
