// The arithmetic of a cell as real tables: the terms of its sum, the operations
// after it, and the order in which a machine adds.

import { opName } from "../../facts/matrices.js";
import { exact, tidy } from "./exact.js";
import { goneFor } from "../../facts/policy-rows.js";
import { cellOf, labels, stepName } from "./refs.js";
import { el } from "../../ui/dom.js";

/** @import { Explain, Frame, Ref, T } from "../../types.js" */

/** @typedef {(ref: Ref) => void} Follow */

const FIRST = 6; // terms shown at first, before "all"

/**
 * A number that can be asked in turn.
 * @param {string} text
 * @param {Ref} ref
 * @param {string} label
 * @param {Follow} follow
 */
export function operand(text, ref, label, follow) {
  const b = el("button", text, {
    type: "button",
    class: "operand",
    title: label,
    "data-ref": [ref.step, ref.op, ref.head, ref.row, ref.col, ...(ref.lane ? [ref.lane] : [])].join("."),
  });
  b.addEventListener("click", () => follow(ref));
  return b;
}

/** Heads of the number columns by what the terms make. @param {Explain} e @param {T} t */
function heads(e, t) {
  if (e.kind === "softmax") return [t("name." + e.reads[0].op), t("explain.less"), t("explain.exp")];
  if (e.kind === "layernorm") return [opName(e.reads[0], t), t("calc.centred"), t("explain.square")];
  if (e.kind === "rms") return [opName(e.reads[0], t), "", t("explain.square")];
  const key = e.reads[1].op === "K" ? { ...e.reads[1], evicted: e.evicted } : e.reads[1];
  return [opName(e.reads[0], t), opName(key, t), t("explain.product")];
}

/**
 * @param {Frame} frame @param {boolean} all @param {T} t
 * @param {{follow: Follow, all: (all: boolean) => void}} act
 */
export function termsTable(frame, all, t, act) {
  const e = frame.meta.explain;
  const terms = frame.tensors["explain.terms"]?.data;
  if (!e?.sum || !terms) return null;
  const [a, b] = e.reads;
  const second = e.kind === "dot" || e.kind === "scaled"; // b is a cell of its own
  const names = heads(e, t);
  const columns = e.kind === "rms" ? [0, 2, 3] : [0, 1, 2, 3];
  const n = Math.min(e.sum.n, terms.length / 4); // a vocabulary's do not all travel
  const shown = all || n <= FIRST + 2 ? n : FIRST;
  const body = el("tbody");
  for (let i = 0; i < shown; i++) {
    const at = cellOf(a, i);
    const name = labels(
      frame,
      {
        ...at,
        at:
          a.at.col_pos !== undefined
            ? { row_pos: a.at.row_pos, col_pos: a.at.col_pos + i }
            : { ...a.at, col: i ? undefined : a.at.col }, // of a vocabulary only the first has its name here
      },
      t,
    );
    const cells = columns.map((c) => {
      const text = exact(terms[4 * i + c]);
      if (c === 0) return operand(text, at, `${names[0]} ${name.col}`, act.follow);
      if (c === 1 && second) return operand(text, cellOf(b, i), `${names[1]} ${name.col}`, act.follow);
      return text;
    });
    const old = b?.op === "V" && i < e.steps[e.step].cached;
    const head = el("th", name.col, { scope: "row", title: name.col });
    if (b?.op === "V")
      head.prepend(
        el("small", t(goneFor(frame, e, i) ? "explain.gone" : old ? "explain.cached" : "explain.new"), {
          class: old ? "old" : "fresh",
        }),
        " ",
      );
    body.append(el("tr", [head, ...cells.map((c) => el("td", c))]));
  }
  if (shown < n || (all && n > FIRST + 2)) {
    const more = el("button", t(all ? "explain.fewer" : "explain.more", { N: n - shown }), {
      type: "button",
      class: "more",
      "data-testid": "why-more",
    });
    more.addEventListener("click", () => act.all(!all));
    body.append(el("tr", el("td", more, { colspan: String(columns.length + 1) })));
  }
  const total = el("tr", [
    el("th", t("explain.total", { N: n }), { scope: "row", colspan: String(columns.length) }),
    el("td", el("b", tidy(e.sum.value))),
  ]);
  const head = el("tr", [
    el("td"),
    ...columns.map((c) => el("th", c === 3 ? t("explain.lane_sum") : names[c], { scope: "col" })),
  ]);
  return el("table", [el("caption", t("explain.terms")), el("thead", head), body, el("tfoot", total)], {
    class: "numbers terms",
    "data-testid": "why-terms",
  });
}

const SIGNS = /** @type {Record<string, string>} */ ({ add: "+", sub: "−", mul: "×", div: "÷", sees: "≤" });

/** @param {Frame} frame @param {T} t @param {Follow} follow */
export function calcTable(frame, t, follow) {
  const e = frame.meta.explain;
  if (!e?.calc?.length) return null;
  const { calc } = e;
  const rows = calc.map((c) => {
    const args = c.args.map((x) => {
      const text = tidy(x.value);
      if (!x.ref) return text.startsWith("-") ? `(${text})` : text;
      return operand(text, x.ref, opName(x.ref, t), follow);
    });
    const from = c.args[0]?.ref; // a maximum and a mean have none
    if (c.fn === "copy" && from)
      return el("tr", [
        el("th", `${opName(from, t)} · ${stepName(e, from.step, t)}`, { scope: "row" }),
        el("td", args),
      ]);
    /** @type {(string|Node)[]} */
    let shown;
    if (c.fn === "max") shown = ["max(s)"];
    else if (c.fn === "mean") shown = ["∑x ÷ n"];
    else if (SIGNS[c.fn]) shown = [args[0], ` ${SIGNS[c.fn]} `, args[1]];
    else if (c.fn === "code") shown = ["⌊", args[0], "⌉, 0 … ", args[1]];
    else shown = [{ sqrt: "√", exp: "exp ", neg: "− " }[c.fn] ?? c.fn, args[0]];
    return el("tr", [
      el("th", t("calc." + c.name), { scope: "row" }),
      el("td", shown),
      el("td", el(c === calc.at(-1) ? "b" : "span", tidy(c.value))),
    ]);
  });
  return el(
    "table",
    [
      el("caption", t(e.sum ? "explain.calc" : calc[0].fn === "copy" ? "explain.read" : "explain.calc.only")),
      el("tbody", rows),
    ],
    { class: "numbers calc", "data-testid": "why-calc" },
  );
}

/** 16 lanes, and the sums of pairs that follow. @param {ArrayLike<number>} tree @param {T} t */
export function treeTable(tree, t) {
  const sizes = [];
  for (let n = (tree.length + 1) / 2; n >= 1; n /= 2) sizes.push(n);
  const body = el("tbody");
  for (let l = 0; l < sizes[0]; l++) {
    let from = 0;
    const cells = sizes.map((n) => {
      const text = l < n ? exact(tree[from + l]) : "";
      from += n;
      return el("td", n === 1 && text ? el("b", text) : text);
    });
    body.append(el("tr", [el("th", String(l), { scope: "row" }), ...cells]));
  }
  const head = el("tr", [
    el("th", t("explain.lane"), { scope: "col" }),
    ...sizes.map((n) => el("th", t("explain.lanes", { N: n }), { scope: "col" })),
  ]);
  return el("table", [el("thead", head), body], { class: "numbers tree", "data-testid": "why-tree" });
}
