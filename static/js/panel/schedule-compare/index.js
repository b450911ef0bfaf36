// The same requests under the other schedule, side by side. The server runs both.

import { percent, si } from "../../format.js";
import { el } from "../../ui/dom.js";

/** @import { Host, Panel, State, T } from "../../types.js" */

const ROWS = ["passes", "ttft", "tpot", "rows", "recomputed", "padded", "busy", "weights"];

/** @type {Panel} */
export const panel = { id: "schedule-compare", offline: false, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const part = (/** @type {string} */ name) => /** @type {any} */ (root.querySelector(`[data-${name}]`));
  const [ask, go, table, status] = [part("ask"), part("go"), part("table"), part("status")];
  let state = /** @type {any} */ (null);
  let both = /** @type {any} */ (null);
  let of = ""; // whose results these are
  let written = "";
  const recipe = () =>
    JSON.stringify({ ...state.frame.meta.run.recipe, batch: { ...state.frame.meta.run.recipe.batch, schedule: "" } });
  ask.addEventListener("click", async () => {
    of = recipe();
    const asked = of;
    status.textContent = state.t("versus.running");
    try {
      const answer = await fetch(`/take/schedules${state.frame.meta.link}`);
      const said = await answer.json();
      if (asked !== of) return;
      both = answer.ok ? said : null;
      status.textContent = answer.ok ? "" : state.t(`problem.${said.problem}`, said.args);
    } catch {
      status.textContent = state.t("take.failed");
    }
    written = "";
    act.repaint();
  });
  go.addEventListener("click", () => {
    const { recipe: r } = state.frame.meta.run;
    act.run({ ...r, batch: { ...r.batch, schedule: other(r) } });
  });
  /** @param {State} next */
  return function view(next) {
    state = next;
    const { frame, t, lang } = next;
    const r = frame?.meta.run.recipe;
    root.hidden = !r?.batch?.requests?.length;
    if (!r?.batch || root.hidden) return;
    if (both && of !== recipe()) both = null;
    ask.textContent = t(`versus.ask.${other(r)}`);
    go.textContent = t(`versus.go.${other(r)}`);
    go.hidden = table.hidden = !both;
    const now = JSON.stringify([both, lang, r.batch.schedule]);
    if (!both || now === written) return;
    written = now;
    fill(table, both, r.batch.schedule, t);
  };
}

/** @param {any} recipe */
const other = (recipe) => (recipe.batch.schedule === "static" ? "continuous" : "static");

/** @param {HTMLTableElement} table @param {any} both @param {string} mine @param {T} t */
function fill(table, both, mine, t) {
  const names = ["static", "continuous"];
  const shown = (/** @type {string} */ row, /** @type {any} */ x) =>
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
