// The tree of runs: every run that was forked off, with the one on screen marked.
// A dotted stretch is what a run shares with the one that it comes from.

import { isolate } from "../../text.js";
import { onKey } from "../../ui/keys.js";
import { createCompare } from "./compare.js";
import { number, si } from "../../format.js";
import { parsePolicy, policyName } from "../../facts/policy.js";
import { el, parts, write } from "../../ui/dom.js";

/** @import { Branch, Branches, Frame, Host, Panel, State, T } from "../../types.js" */

/**
 * The branches in the order of the tree: each after the one it comes from, those that
 * part later first, so that lines do not cross.
 * @param {Branch[]} list @returns {{branch: Branch, depth: number, up: number}[]} up: rows to the parent's
 */
export function tree(list) {
  /** @type {{branch: Branch, depth: number, up: number}[]} */
  const rows = [];
  const walk = (/** @type {Branch} */ branch, /** @type {number} */ depth, /** @type {number} */ parentRow) => {
    const at = rows.push({ branch, depth, up: parentRow < 0 ? 0 : rows.length - parentRow }) - 1;
    const children = list
      .filter((b) => b.parent === branch.id)
      .sort((a, b) => (b.from ?? 0) - (a.from ?? 0) || a.id - b.id);
    for (const child of children) walk(child, depth + 1, at);
  };
  for (const b of list) if (!b.parent) walk(b, 0, -1);
  return rows;
}

/** What a branch is called: how it came about. @param {Branch} b @param {T} t */
export function name(b, t) {
  if (b.tokens === undefined && !b.text) return ""; // there was no room for it in the frame
  if (b.cache) return t("branch.cache", { Cache: policyName(parsePolicy(b.cache), t) });
  if (!b.parent) return t(b.id === 1 ? "branch.first" : "branch.orphan");
  return b.token
    ? t(b.instead ? "branch.instead" : "branch.token", { Token: b.token, Instead: b.instead ?? "" })
    : t("branch.same");
}

/** @type {Panel} */
export const panel = { id: "branches", offline: false, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const part = parts(root);
  const body = part("list");
  const compare = createCompare(part("compare"));
  let shown = /** @type {[Frame?, string?]} */ ([]);
  onKey(body, (key, e) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[key];
    const own = /** @type {HTMLElement} */ (e.target).closest("[data-branch]");
    if (!by || !own) return;
    const all = [...body.querySelectorAll("[data-branch]")];
    /** @type {HTMLElement|undefined} */ (all[all.indexOf(own) + by])?.focus();
    e.preventDefault();
    e.stopPropagation(); // the page's own keys step the run
  });
  body.addEventListener("click", (e) => {
    const b = /** @type {HTMLElement} */ (e.target).closest("button");
    if (b?.dataset.branch) act.switchTo(Number(b.dataset.branch));
    if (b?.dataset.beside) act.compare(b.getAttribute("aria-pressed") === "true" ? 0 : Number(b.dataset.beside));
  });

  /** @param {State} state */
  return function view({ frame, t, lang }) {
    const info = frame?.meta.branches;
    root.hidden = !info;
    if (!info || (shown[0] === frame && shown[1] === lang)) return;
    shown = [frame, lang];
    part("held").textContent = t("branch.held", {
      Count: info.list.length,
      Most: info.most,
      Bytes: si(info.held, "B"),
    });
    part("held").hidden = !info.list.length;
    part("gone").hidden = !info.gone;
    const gone = info.gone ? t(`branch.gone.${info.gone.why}`, { Run: info.gone.id, Most: info.most }) : "";
    write(part("gone"), gone);
    const most = Math.max(1, frame.meta.run.recipe.max_new, ...info.list.map((b) => b.tokens ?? 0));
    const focus = /** @type {HTMLElement|null} */ (
      body.contains(document.activeElement) ? document.activeElement : null
    )?.dataset;
    body.replaceChildren(...tree(info.list).map((row) => line(row, most, info, t)));
    if (focus?.branch) /** @type {HTMLElement|null} */ (body.querySelector(`[data-branch="${focus.branch}"]`))?.focus();
    if (focus?.beside)
      /** @type {HTMLElement|null} */ (
        body.querySelector(`[data-beside="${focus.beside}"]`) ?? body.querySelector("[aria-current]")
      )?.focus();
    part("lean").hidden = !info.lean;
    compare(frame, t, lang);
  };
}

/**
 * @param {ReturnType<typeof tree>[0]} row @param {number} most tokens of the axis
 * @param {Branches} info @param {T} t
 */
function line({ branch: b, depth, up }, most, info, t) {
  const { from = 0, tokens = 0 } = b;
  const current = b.id === info.current;
  const button = el(
    "button",
    [
      el("b", t("branch.name", { Run: b.id })),
      " ",
      ...(b.parent ? [el("span", t("branch.from", { Run: b.parent }), { class: "spoken" }), " "] : []),
      el("small", name(b, t)),
    ],
    { type: "button", "data-branch": String(b.id), ...(current ? { "aria-current": "true" } : {}) },
  );
  button.style.setProperty("--depth", String(depth));
  const lane = el("div", [], { class: "lane", "aria-hidden": "true" });
  const bar = (/** @type {string} */ kind, /** @type {number} */ from, /** @type {number} */ to) => {
    const i = el("i", "", { class: kind });
    i.style.setProperty("left", `${(100 * from) / most}%`);
    i.style.setProperty("width", `${(100 * (to - from)) / most}%`);
    lane.append(i);
  };
  bar("common", 0, from);
  bar("own", from, tokens);
  if (up && !info.lean) {
    const joint = el("i", "", { class: "joint" });
    joint.style.setProperty("left", `${(100 * from) / most}%`);
    joint.style.setProperty("--up", String(up));
    lane.append(joint);
  }
  const count = info.lean
    ? ""
    : (b.parent ? t("branch.count", { Tokens: tokens, From: from }) : t("branch.count.first", { Tokens: tokens })) +
      (b.ended ? ` · ${t(`done.${b.ended}`)}` : "");
  const rows = el("td", [
    info.lean ? "" : si(b.bytes ?? 0, "B"),
    " ",
    el("small", number(b.shared ?? 0) ? t("branch.shared", { Bytes: si(b.shared ?? 0, "B") }) : ""),
  ]);
  const compared = info.compare?.with === b.id;
  const beside = current
    ? ""
    : el("button", t("branch.compare"), {
        type: "button",
        "data-beside": String(b.id),
        "aria-pressed": String(compared),
        "aria-label": t("branch.compare.long", { Run: b.id }),
      });
  return el(
    "tr",
    [
      el("th", [button], { scope: "row" }),
      el("td", [lane]),
      el("td", [isolate(b.text ?? ""), el("small", count)], { class: "says" }),
      rows,
      el("td", beside ? [beside] : ""),
    ],
    { class: current ? "current" : "", "data-id": String(b.id) },
  );
}
