// The history of the run: what every pass cost in both lanes, on the curves
// that the formulas draw for the whole run ahead.

import { onKey } from "../../ui/keys.js";
import { chart as geometry } from "./chart.js";
import { axisRoom, draw, tall } from "./curves.js";
import { createChoice, createOpen, speakWhileFocused } from "../../ui/open.js";
import { si } from "../../format.js";
import { LANES } from "../../facts/lanes.js";
import { counted, series } from "./series.js";
import { watchWidth } from "../../ui/width.js";
import { where } from "../../facts/where.js";
import { unitOf } from "../../facts/counters.js";
import { el, line } from "../../ui/dom.js";

/** @import { Frame, History, Host, Panel, State, T } from "../../types.js" */
/** @import { Chart } from "./chart.js" */

const ORDER = ["paid", "ahead", "modelled", "dense"]; // of the table's columns

/** @type {Panel} */
export const panel = { id: "history", offline: true, create };

/** @param {HTMLDetailsElement} root @param {Host} host */
function create(root, { act }) {
  const canvas = /** @type {HTMLCanvasElement} */ (root.querySelector("canvas"));
  const output = /** @type {HTMLElement} */ (root.querySelector("output"));
  const table = /** @type {HTMLDetailsElement} */ (root.querySelector(".table"));
  const sums = /** @type {HTMLFieldSetElement|null} */ (root.querySelector("[data-testid=history-sum]"));
  const width = watchWidth(canvas, act.repaint);
  speakWhileFocused(canvas, output);
  const parts = [
    createOpen(root, "history", act, ["history-kv", "history-read", "history-time", "history-step", "history-total"]),
    createChoice(root, "history-metric", { kv: "history-kv", read: "history-read", time: "history-time" }, act),
    createChoice(root, "history-sum", { step: "history-step", total: "history-total" }, act),
  ];
  /** @type {Chart|null} */
  let layout = null;
  let state = /** @type {State|null} */ (null);
  let here = /** @type {number|null} */ (null); // the point under the cursor; null is the run's own
  const look = (/** @type {number|null} */ point) => {
    if (point === here) return;
    here = point;
    act.repaint();
  };
  const go = (/** @type {number} */ point) => {
    const frame = state?.frame;
    if (!frame) return;
    const { run } = frame.meta;
    // its last step
    act.seek(Math.min((point + 1) * unit(frame) - 1, (run.ended ? run.recorded : run.length) - 1));
  };
  canvas.addEventListener("pointermove", (e) => layout && look(layout.point(e.offsetX)));
  canvas.addEventListener("pointerleave", () => look(null));
  canvas.addEventListener("blur", () => look(null));
  canvas.addEventListener("click", (e) => layout && state?.frame?.meta.history && go(layout.point(e.offsetX)));
  onKey(canvas, (key, e) => {
    const frame = state?.frame;
    const info = frame?.meta.history;
    if (!info) return;
    const at = here ?? now(frame) ?? 0;
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: info.points - 1 }[key];
    if (key === "Enter") go(at);
    else if (to === undefined) return;
    else look(Math.min(Math.max(to, 0), info.points - 1));
    e.preventDefault();
    e.stopPropagation(); // the page's own keys step the run
  });
  table.addEventListener("toggle", () => state && fill(table, state));

  /** @param {State} next */
  return function view(next) {
    state = next;
    for (const part of parts) part(next);
    const { frame, theme, t } = next;
    const info = frame?.meta.history;
    root.querySelector(".switches")?.toggleAttribute("hidden", !!next.recorded);
    if (!root.open || !info || width() === 0) return;
    const label = names(info, frame, t);
    const rows = series(frame);
    let most = 0;
    for (const { values } of rows) for (const x of values) if (x > most) most = x; // not where nobody measured
    layout = geometry({
      width: width(),
      height: tall(),
      points: info.points,
      first: frame.meta.schedule ? info.points : info.first,
      most,
      axis: axisRoom(canvas, theme.font, most, label.unit),
    });
    const at = here !== null && here < info.points ? here : now(frame);
    draw(canvas, width(), layout, rows, at, { frame, theme, t, unit: label.unit });
    canvas.setAttribute("aria-label", t(`history.long.${info.by}`, { Metric: label.metric, Points: info.points }));
    legend(rows, info, t);
    if (sums) sums.disabled = info.metric === "kv"; // what is held is a level: it does not add up
    output.textContent = at === null ? "" : say(frame, at, rows, label.unit, t);
    fill(table, next);
  };

  /**
   * Names only what is drawn, and how its numbers came to be.
   * @param {ReturnType<typeof series>} rows
   * @param {History} info
   * @param {T} t
   */
  function legend(rows, info, t) {
    for (const kind of ["ahead", "dense", "modelled"])
      root.querySelector(`[data-key="${kind}"]`)?.toggleAttribute("hidden", !rows.some((r) => r.kind === kind));
    for (const lane of LANES)
      root.querySelector(`[data-key="${lane}"]`)?.toggleAttribute("hidden", !rows.some((r) => r.lane === lane));
    const hollow = !!info.counted && info.metric !== "time"; // a time that nobody measured has no point
    root.querySelector('[data-key="counted"]')?.toggleAttribute("hidden", !hollow);
    /** @type {HTMLElement} */ (root.querySelector("[data-how]")).textContent = how(info, t);
  }
}

/**
 * How the numbers came to be; of a modelled time, with the model's own numbers.
 * @param {Pick<History, "metric"|"fit">} info @param {T} t
 */
export function how({ metric, fit = {} }, t) {
  if (metric === "read") return `${t("history.counted")} ${t("history.note.read")}`;
  if (metric !== "time") return t("history.counted");
  const fits = LANES.flatMap((lane) => (fit[lane] ? [{ lane, ...fit[lane] }] : []));
  const each = fits.map(({ lane, rate, fixed, left }) =>
    t(left ? "history.fit.left" : "history.fit", {
      Lane: t(`lane.${lane}`),
      Rate: si(rate, "FLOP/s"),
      Fixed: si(fixed, "s"),
      Left: left,
    }),
  );
  return [
    t("history.measured"),
    ...(fits.length
      ? [
          t("history.modelled", {
            Count: fits[0].steps + (fits[0].left ?? 0),
            Fits: each.join(t("list.and")),
          }),
        ]
      : []),
  ].join(" ");
}

/** Steps of one point. @param {Frame} frame */
const unit = ({ meta }) => (meta.history?.by === "step" ? 1 : meta.run.config.layers + 1);

/** The point of the cursor. @param {Frame} frame @returns {number|null} */
const now = (frame) => (frame.meta.step ? Math.floor(frame.meta.step.n / unit(frame)) : null);

/** What a point is called. @param {Frame} frame @param {number} point @param {T} t */
function name(frame, point, t) {
  const perPass = frame.meta.run.config.layers + 1;
  if (frame.meta.history?.by === "pass")
    return t(frame.meta.schedule ? "where.pass" : point === 0 ? "where.prefill" : "where.decode", { Pass: point });
  const [pass, part] = [Math.floor(point / perPass), point % perPass];
  return where(
    { phase: pass === 0 ? "prefill" : "decode", pass, layer: part === perPass - 1 ? null : part },
    t,
    frame.meta,
  );
}

/** @param {History} info @param {Frame} frame @param {T} t */
function names(info, frame, t) {
  return {
    metric: t(`history.metric.${info.metric}`),
    unit: { flops: unitOf(frame), time: "s" }[info.metric] ?? "B",
  };
}

/**
 * One line about a point.
 * @param {Frame} frame
 * @param {number} point
 * @param {ReturnType<typeof series>} rows
 * @param {string} unit
 * @param {T} t
 */
export function say(frame, point, rows, unit, t) {
  const figures = LANES.flatMap((lane) => {
    const paid = rows.find((r) => r.lane === lane && r.kind === "paid");
    const ahead = rows.find((r) => r.lane === lane && (r.kind === "ahead" || r.kind === "modelled"));
    const done = paid && point < paid.values.length;
    const value = done ? paid.values[point] : ahead?.values[point];
    if (value === undefined) return [];
    if (Number.isNaN(value)) return [t("history.untimed", { Lane: t(`lane.${lane}`) })];
    const partial = done && point === paid.values.length - 1 && !frame.meta.history?.whole;
    const ran = lane === "cached" || !counted(frame, point) ? "history.paid" : "history.counted.value";
    return [
      t(partial ? "history.partial" : done ? ran : `history.${ahead?.kind}.value`, {
        Lane: t(`lane.${lane}`),
        Value: si(value, unit),
      }),
    ];
  });
  const { metric, first = 0, total } = frame.meta.history ?? {};
  const cold = metric === "time" && figures.length === LANES.length && (total || point < first);
  return [name(frame, point, t), ...figures, ...(cold ? [t("history.cold")] : [])].join(" · ");
}

/** The same numbers as a table. @param {HTMLDetailsElement} root @param {State} state */
function fill(root, { frame, t, lang }) {
  const table = /** @type {HTMLTableElement} */ (root.querySelector("table"));
  if (!root.open || !frame?.meta.history) return table.replaceChildren();
  const rows = series(frame).sort((a, b) =>
    a.kind === b.kind ? LANES.indexOf(a.lane) - LANES.indexOf(b.lane) : ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind),
  );
  const { unit } = names(frame.meta.history, frame, t);
  const title = (/** @type {(typeof rows)[0]} */ r) =>
    r.kind === "dense" ? t("history.dense") : t(`history.column.${r.kind}`, { Lane: t(`lane.${r.lane}`), Unit: unit });
  const told = Math.max(...rows.map((r) => r.values.length)); // of a batch nothing is said ahead
  const digits = { maximumSignificantDigits: unit === "s" ? 3 : 21 };
  const points = Array.from({ length: told }, (_, p) =>
    line([
      name(frame, p, t),
      ...rows.map(({ values }) => (values[p] >= 0 ? values[p].toLocaleString(lang, digits) : "")), // where there is one
    ]),
  );
  table.replaceChildren(el("thead", line([t("history.point"), ...rows.map(title)], true)), el("tbody", points));
}
