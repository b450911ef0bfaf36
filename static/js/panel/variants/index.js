// The same prompt in every way of attending, side by side: asked of the server
// when the panel is open, again when the run is another one.

import { isolate } from "../../text.js";
import { si } from "../../format.js";
import { bar, el } from "../../ui/dom.js";

/** @import { Args, Host, Panel, Problem, State, T, Variant } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "variants", offline: false, create };

/** @param {HTMLDetailsElement} root @param {Host} host */
function create(root, { act }) {
  const of = (/** @type {string} */ what) => /** @type {HTMLElement} */ (root.querySelector(what));
  const [table, body, says, again] = [of("table"), of("[data-rows]"), of("[data-state]"), of("[data-again]")];
  let asked = ""; // the run that the rows are of
  let drawn = "";
  let rows = /** @type {Variant[]|null} */ (null);
  let failed = /** @type {{id: string, args: Args}|null} */ (null);

  async function ask(/** @type {string} */ run) {
    [asked, rows, failed] = [run, null, null];
    try {
      const response = await fetch("/variants" + run);
      const answer = /** @type {Variant[] & Problem} */ (await response.json());
      if (asked !== run) return; // another run was started meanwhile
      if (response.ok) rows = answer;
      else failed = { id: "problem." + answer.problem, args: answer.args ?? {} };
    } catch {
      if (asked === run) failed = { id: "variants.lost", args: {} };
    }
    act.repaint();
  }
  root.addEventListener("toggle", () => act.repaint());
  again.addEventListener("click", () => ((asked = ""), act.repaint(), root.querySelector("summary")?.focus()));

  /** @param {State} state */
  return function view({ frame, t, lang }) {
    root.hidden = frame?.meta.run.recipe.lanes === "uncached";
    if (!frame || !root.open || root.hidden) return;
    const run = runOf(frame.meta.link);
    if (run !== asked) ask(run);
    const uneven = new Set(rows?.map((r) => r.tokens)).size > 1;
    says.textContent = rows
      ? uneven
        ? t("variants.lengths")
        : ""
      : failed
        ? t(failed.id, failed.args)
        : t("variants.running");
    table.hidden = !rows;
    again.hidden = !failed;
    const key = JSON.stringify([rows, lang]);
    if (!rows || key === drawn) return;
    drawn = key;
    const most = Math.max(...rows.map((r) => r.used));
    body.replaceChildren(...rows.flatMap((r) => [line(r, most, lang, t), said(r, t)]));
  };
}

const PLACE = [
  "step",
  "layer",
  "head",
  "cell",
  "op",
  "trail",
  "show",
  "real",
  "break",
  "mark",
  "seq",
  "unit",
  "pairs",
  "logits",
  "to",
  "ended",
  "others",
];

/** The part of a link that says what runs. @param {string} link */
export function runOf(link) {
  const query = new URLSearchParams(link);
  for (const key of PLACE) query.delete(key);
  return "?" + query;
}

/** @param {Variant} r @param {number} most @param {string} lang @param {T} t */
function line(r, most, lang, t) {
  const kind = r.kv_heads === r.heads ? "MHA" : r.kv_heads === 1 ? "MQA" : "GQA";
  const [policy, ...numbers] = r.cache.split(":");
  const told = numbers.filter((/** @type {string} */ n) => n !== "0" && n !== "token");
  const name = r.exact ? `${kind} · ${isolate(r.model)}` : `${t("variants." + policy)} ${told.join(" + ")}`;
  const query = new URLSearchParams(r.link);
  query.set("lang", lang);
  const way = el("th", [el("a", [name], { href: "?" + query })], { scope: "row" });
  if (r.exact) way.append(el("small", [t("variants.heads", { Heads: r.heads, KV: r.kv_heads })]));
  if (r.here) way.append(el("small", [t("variants.here")], { class: "here" }));
  const each = el("small", r.tokens ? t("variants.per_token", { Bytes: si(r.kv_read_bytes / r.tokens, "B") }) : "");
  const cells = [
    r.tokens.toLocaleString(lang),
    si(r.bytes_per_token, "B"),
    [si(r.used, "B"), bar(r.used / most, { class: "bar" })],
    [si(r.kv_read_bytes, "B"), each],
    r.exact ? "–" : r.max_delta.toPrecision(2),
  ];
  const row = el("tr", [way, ...cells.map((c) => el("td", [c].flat()))], {
    "data-way": `${r.model} ${r.cache}`,
    "data-used": String(r.used),
    "data-token": String(r.bytes_per_token),
    "data-tokens": String(r.tokens),
  });
  if (r.here) row.setAttribute("aria-current", "true");
  return row;
}

const LONGEST = 160; // characters of a text that went astray

/** What a way said, under its numbers. @param {Variant} r @param {T} t */
function said(r, t) {
  const text = [...r.text].length > LONGEST ? [...r.text].slice(0, LONGEST).join("") + "…" : r.text;
  const parts =
    r.parts === null
      ? [el("small", [t("variants.same")])]
      : [isolate(text), " ", el("small", [t("variants.parts", { N: r.parts })])];
  return el("tr", [el("td", parts, { colspan: "6" })], { class: "said" });
}
