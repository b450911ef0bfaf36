// The panel that explains one cell: the way to it, a sentence, its formula, its
// operands. Every operand can be explained in turn; the way leads back.

import { onKey } from "../../ui/keys.js";
import { reason } from "./reason.js";
import { calcTable, termsTable, treeTable } from "./terms.js";
import { formula } from "./mathml.js";
import { tidy } from "./exact.js";
import { bare, short, stepName, title } from "./refs.js";
import { el, parts, reveal } from "../../ui/dom.js";
import { say, withTerms } from "../../ui/terms.js";

/** @import { Crumb, Explain, Frame, Host, Panel, Ref, State, T } from "../../types.js" */

const DEEPEST = 64; // refs of a trail that the server takes

/** @type {Panel} */
export const panel = { id: "explain", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act, live }) {
  const part = parts(root);
  const heading = /** @type {HTMLElement} */ (root.querySelector("h2"));
  const order = /** @type {HTMLDetailsElement} */ (part("order"));
  let state = /** @type {State|null} */ (null);
  let all = false; // every term of a long sum
  let last = ""; // the cell that is explained
  let drawn = ""; // everything that the panel shows
  const trail = () => (state?.frame?.meta.explain?.trail ?? []).map(bare);
  const follow = (/** @type {Ref} */ ref) => {
    const way = trail();
    act.explain([...(way.length < DEEPEST ? way : [way[0], ...way.slice(2)]), bare(ref)]);
    heading.focus({ preventScroll: true }); // the number that was pressed is about to go
  };
  const back = () => (trail().length > 1 ? act.explain(trail().slice(0, -1)) : close());
  /** Back to the cell that was asked. */
  function close() {
    const { op, lane = "cached" } = trail()[0] ?? {};
    act.explain([]);
    const plates = document.querySelectorAll(`#inside [data-plate="${op}"] canvas, #stage [data-op="${op}"] canvas`);
    const seen = [...plates].filter((p) => p.checkVisibility());
    const plate = seen.find((p) => p.closest(`[data-lane="${lane}"]`)) ?? seen[0];
    if (!(plate instanceof HTMLElement)) return;
    plate.focus({ preventScroll: true });
    reveal(plate);
  }
  part("close").addEventListener("click", close);
  part("go").addEventListener("click", () => {
    const e = state?.frame?.meta.explain;
    if (e) act.goTo(bare(e));
  });
  part("other").addEventListener("click", () => {
    const other = state?.frame?.meta.explain?.other;
    if (other) act.explain([...trail().slice(0, -1), other]);
    heading.focus({ preventScroll: true });
  });
  order.addEventListener("toggle", () => ((drawn = ""), act.repaint()));
  onKey(root, (key, e) => {
    if (key !== "Escape" && key !== "Backspace") return;
    e.preventDefault();
    heading.focus({ preventScroll: true });
    back();
  });

  /** The answer has come: the keyboard goes on reading there, and no one must look for it. @param {boolean} focus */
  function answer(focus) {
    act.answered();
    if (focus) heading.focus({ preventScroll: true });
    reveal(root);
  }

  /** @param {State} next */
  return function view(next) {
    state = next;
    const { frame, t, lang } = next;
    const e = frame?.meta.explain;
    root.hidden = !e;
    document.documentElement.classList.toggle("explaining", !!e);
    if (!e) return void (drawn = "");
    const cell = JSON.stringify(bare(e));
    const other = cell !== last;
    if (other) all = false;
    last = cell;
    const key = JSON.stringify([e, lang, all, order.open, frame.meta.pick.from]);
    if (key !== drawn) fill(frame, e, t);
    drawn = key;
    if (other) root.scrollTop = 0; // where it lies over the page
    if (next.asked && next.asked.frame !== frame) answer(next.asked.focus); // an empty panel has no place to scroll to
  };

  /** @param {Frame} frame @param {Explain} e @param {T} t */
  function fill(frame, e, t) {
    const terms = frame.tensors["explain.terms"]?.data ?? [];
    part("crumbs").replaceChildren(...e.trail.map((c, i) => crumb(frame, e, c, i, t)));
    /** @type {HTMLElement} */ (part("crumbs").parentElement).hidden = e.trail.length < 2;
    part("what").textContent = title(frame, e, t);
    part("value").textContent = tidy(e.value);
    part("exact").hidden = !e.exact || !(e.sum || e.calc);
    const head =
      e.kv_head !== undefined
        ? t("explain.kv_head", { Head: e.kv_head })
        : e.per_head
          ? t("explain.head", { Head: e.head })
          : "";
    const lane = e.lane ? t("stage.lane.uncached") : "";
    part("where").textContent = [stepName(e, e.step, t), head, lane].filter(Boolean).join(" · ");
    say(part("say"), reason(frame, withTerms(t)));
    const math = formula(e, terms);
    part("formula").replaceChildren(...math);
    part("formula").hidden = !math.length;
    put("terms", termsTable(frame, all, t, { follow, all: (x) => ((all = x), (drawn = ""), act.repaint()) }));
    put("calc", calcTable(frame, t, follow));
    order.hidden = !e.sum;
    const tree = frame.tensors["explain.tree"];
    part("tree").replaceChildren(...(tree && order.open ? [treeTable(tree.data, t)] : []));
    const other = part("other");
    other.hidden = !e.other || !live; // a handout has what was asked for
    other.textContent = t("explain.other", { Lane: t(`stage.lane.${e.other?.lane ?? "cached"}`) });
    const go = part("go");
    go.hidden = e.step === frame.meta.pick.from || (!e.sum && !e.calc);
    go.textContent = t("explain.go", { Where: stepName(e, e.step, t) });
  }

  /** @param {string} name @param {Node|null} table */
  function put(name, table) {
    part(name).hidden = !table;
    part(name).replaceChildren(...(table ? [table] : []));
  }

  /** @param {Frame} frame @param {Explain} e @param {Crumb} c @param {number} i @param {T} t */
  function crumb(frame, e, c, i, t) {
    const here = i === e.trail.length - 1;
    const b = el("button", short(frame, c, t), {
      type: "button",
      title: stepName(e, c.step, t),
      ...(here ? { "aria-current": "true" } : {}),
    });
    b.addEventListener("click", () => act.explain(trail().slice(0, i + 1)));
    return el("li", b);
  }
}
