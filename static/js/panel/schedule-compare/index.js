// The same requests under the other schedule, side by side. The server runs both.

import { percent, si } from "../../format.js";
import { el, parts } from "../../ui/dom.js";

/** @import { Batch, Frame, Host, Panel, Problem, Served, State, T } from "../../types.js" */

const ROWS = ["passes", "ttft", "tpot", "rows", "recomputed", "padded", "busy", "weights"];

/** @type {Panel} */
export const panel = { id: "schedule-compare", offline: false, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const part = parts(root);
  const [ask, go, status] = [part("ask"), part("go"), part("status")];
  const table = /** @type {HTMLTableElement} */ (part("table"));
  let frame = /** @type {Frame|null} */ (null);
  let t = /** @type {T} */ ((id) => id);
  let both = /** @type {Record<string, Served>|null} */ (null);
  let of = ""; // whose results these are
  let written = "";
  const recipe = () => {
    const r = frame?.meta.run.recipe;
    return JSON.stringify({ ...r, batch: { ...r?.batch, schedule: "" } });
  };
  ask.addEventListener("click", async () => {
    of = recipe();
    const asked = of;
    status.textContent = t("versus.running");
    try {
      const answer = await fetch(`/take/schedules${frame?.meta.link}`);
      const said = /** @type {Record<string, Served> & Problem} */ (await answer.json());
      if (asked !== of) return;
      both = answer.ok ? said : null;
      status.textContent = answer.ok ? "" : t(`problem.${said.problem}`, said.args);
    } catch {
      status.textContent = t("take.failed");
    }
    written = "";
    act.repaint();
  });
  go.addEventListener("click", () => {
    const r = frame?.meta.run.recipe;
    if (r?.batch) act.run({ ...r, batch: { ...r.batch, schedule: other(r.batch) } });
  });
  /** @param {State} next */
  return function view(next) {
    const { lang } = next;
    ({ frame, t } = next);
    const r = frame?.meta.run.recipe;
    root.hidden = !r?.batch?.requests?.length;
    if (!r?.batch || root.hidden) return;
    if (both && of !== recipe()) both = null;
    ask.textContent = t(`versus.ask.${other(r.batch)}`);
    go.textContent = t(`versus.go.${other(r.batch)}`);
    go.hidden = table.hidden = !both;
    const now = JSON.stringify([both, lang, r.batch.schedule]);
    if (!both || now === written) return;
    written = now;
    fill(table, both, r.batch.schedule, t);
  };
}

/** @param {Batch} batch */
const other = (batch) => (batch.schedule === "static" ? "continuous" : "static");

/** @param {HTMLTableElement} table @param {Record<string, Served>} both @param {string} mine @param {T} t */
function fill(table, both, mine, t) {
  const names = ["static", "continuous"];
  const shown = (/** @type {string} */ row, /** @type {Served} */ x) =>
    ({
      passes: String(x.passes),
      ttft: x.ttft.toFixed(2),
      tpot: x.tpot.toFixed(2),
      rows: String(x.rows),
      recomputed: `${x.recomputed ?? 0}, ${x.preempted ?? 0} ×`,
      padded: x.padded ? `${x.padded} (${percent(x.padded / (x.rows + x.padded))})` : "0",
      busy: percent(1 - x.idle / (x.passes * x.slots)),
      weights: x.tokens ? si(x.weight_bytes / x.tokens, "B") : "–",
    })[row] ?? "";
  const head = el("tr", [
    el("td"),
    ...names.map((n) =>
      el("th", [t(`schedule.name.${n}`), ...(n === mine ? [el("small", ` ${t("versus.this")}`)] : [])], {
        scope: "col",
      }),
    ),
  ]);
  const short = names.some((n) => both[n].preempted);
  const rows = ROWS.filter((row) => row !== "recomputed" || short).map((row) =>
    el("tr", [el("th", t(`versus.row.${row}`), { scope: "row" }), ...names.map((n) => el("td", shown(row, both[n])))], {
      "data-row": row,
    }),
  );
  table.replaceChildren(el("caption", t("versus.caption")), el("thead", head), el("tbody", rows));
}
