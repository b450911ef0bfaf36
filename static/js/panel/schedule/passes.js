// The schedule of a batch as numbers: what every pass had of every request, and
// what that comes to. No DOM.

/** @import { Frame, RequestProgress, With } from "../../types.js" */

/**
 * @typedef {{kind: "away"|"waiting"|"prefill"|"decode"|"held"|"preempted"|"done", rows: number, again: number,
 * reused: number, padded: number, token: boolean}} PassCell one request in one pass; of its rows, those recomputed
 */

/**
 * @param {Frame} frame with the panel's data; null without
 * @returns {null|{passes: number, whole: number, cells: PassCell[][], rows: number[], again: number[],
 * padded: number[], idle: number[], made: number[], weights: number[]}}
 */
export function passes({ meta, tensors }) {
  const table = tensors.schedule;
  const { schedule, step, run } = meta;
  if (!schedule || !step || !table) return null;
  const [lines, passes] = table.shape;
  const n = lines - 3;
  const row = (/** @type {number} */ i) => Array.from(table.data.subarray(i * passes, (i + 1) * passes));
  const told = (
    /** @type {"schedule_preempted"|"schedule_recomputed"} */ name,
    /** @type {number} */ i,
    /** @type {number} */ p,
  ) => Number(tensors[name]?.data[i * passes + p] ?? 0); // once somebody was preempted
  const fed = schedule.requests.map((_, i) => row(i));
  const whole = step.part === "head" ? passes : passes - 1; // passes that are over
  const longest = Array.from({ length: passes }, (_, p) => Math.max(...fed.map((f) => f[p])));
  const still = run.recipe.batch?.schedule === "static";
  // A static batch keeps the slots of those that began together.
  const began = longest.map((_, p) => schedule.requests.find((q, i) => fed[i][p] > 0)?.started);
  const cells = schedule.requests.map((q, i) =>
    longest.map((most, p) => {
      const rows = fed[i][p];
      const again = told("schedule_recomputed", i, p);
      return {
        kind: told("schedule_preempted", i, p) ? "preempted" : kind(q, p, rows, again),
        rows,
        again,
        reused: p === q.started && !q.preempted ? q.reused : 0,
        padded: still && q.started >= 0 && q.started === began[p] ? most - rows : 0,
        token: rows > 0 && q.first >= 0 && p >= q.first,
      };
    }),
  );
  const sum = longest.map((_, p) => fed.reduce((s, f) => s + f[p], 0));
  return {
    passes,
    whole,
    cells,
    rows: sum,
    again: longest.map((_, p) => cells.reduce((s, c) => s + c[p].again, 0)),
    padded: row(n),
    idle: row(n + 1),
    made: row(n + 2),
    weights: Array.from(tensors.schedule_weights?.data ?? []),
  };
}

/**
 * @param {RequestProgress} q
 * @param {number} pass
 * @param {number} rows
 * @param {number} again of them, recomputed
 * @returns {PassCell["kind"]}
 */
function kind(q, pass, rows, again) {
  if (rows > 0) return again || q.first < 0 || pass <= q.first ? "prefill" : "decode";
  if (q.started < 0 || pass < q.started) return pass < q.arrive ? "away" : "waiting";
  return q.ended >= 0 && pass > q.ended ? "done" : "held";
}

/**
 * What a request waited for, in passes; null where it cannot be said yet.
 * @param {RequestProgress} q @param {number} whole passes that are over
 */
export function waits(q, whole) {
  // with nobody to serve it need not wait for its time
  const came = Math.min(q.arrive, q.started < 0 ? q.arrive : q.started);
  const last = q.ended >= 0 ? q.ended : whole - 1;
  return {
    first: q.first < 0 ? null : q.first - came + 1,
    each: q.chosen < 2 ? null : (last - q.first) / (q.chosen - 1),
  };
}

/** The whole batch so far. @param {NonNullable<ReturnType<typeof passes>>} x @param {With<"schedule">} frame */
export function totals(x, { meta: { schedule, run } }) {
  const sum = (/** @type {number[]} */ a) => a.slice(0, x.whole).reduce((s, v) => s + v, 0);
  const mean = (/** @type {(number|null)[]} */ a) => {
    const known = a.filter((v) => v !== null);
    return known.length === a.length ? known.reduce((s, v) => s + v, 0) / a.length : null;
  };
  const each = schedule.requests.map((q) => waits(q, x.whole));
  return {
    passes: x.whole,
    rows: sum(x.rows),
    again: sum(x.again),
    padded: sum(x.padded),
    made: sum(x.made),
    weights: sum(x.weights),
    busy: x.whole ? 1 - sum(x.idle) / ((run.recipe.batch?.slots ?? 1) * x.whole) : 0,
    first: mean(each.map((w) => w.first)),
    each: mean(each.map((w) => w.each)),
  };
}
