// The card: what a term of the glossary means, or why something is so, at the place where
// somebody asks. One at a time; Escape and a press beside it close it, and the focus goes back.

import { mark } from "../../text.js";
import { el, parts } from "../../ui/dom.js";
import { onKey } from "../../ui/keys.js";
import { say, withTerms } from "../../ui/terms.js";
import { NUMBERS, written } from "./numbers.js";
import { PLACES, find, goTo } from "./places.js";
import { createRoving } from "./rove.js";
import { dim, stand } from "./stand.js";
import { WHYS, titleOf } from "./whys.js";

/** @import { Args, Frame, Glossary, Host, Panel, State, T } from "../../types.js" */
/** @import { Why } from "./whys.js" */

/** @typedef {{term: string, why?: undefined}|{why: Why, term?: undefined}} Asked a term's id, or a question */

/** @type {Panel} */
export const panel = { id: "card", offline: true, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const part = parts(root);
  const title = part("title");
  let asked = /** @type {Asked|null} */ (null);
  let opener = /** @type {HTMLElement|null} */ (null);
  let pressed = /** @type {Element|null} */ (null); // the opener of a card that the press under way has closed
  let state = /** @type {State|null} */ (null);
  let terms = /** @type {{lang: string, all: Glossary}|null} */ (null);
  const buttons = WHYS.map((why) => ({ why, button: question(why) }));
  const close = () => root.hidePopover();

  /** @param {Asked} what @param {HTMLElement} by */
  async function open(what, by) {
    if (!root.contains(by)) opener = by;
    asked = what;
    if (what.why?.asks) act.show([what.why.asks]);
    if (what.term && terms?.lang !== state?.lang) {
      const lang = state?.lang ?? "";
      terms = { lang, all: await act.glossary(lang) };
    }
    if (asked !== what) return; // somebody has asked for another one
    fill();
    if (!root.matches(":popover-open")) root.showPopover();
    if (opener) stand(root, opener);
    title.focus({ preventScroll: true });
  }

  document.addEventListener("pointerdown", () => (pressed = root.matches(":popover-open") ? opener : null), true);
  document.body.addEventListener("click", (e) => {
    const { target } = e;
    const by = target instanceof Element ? target.closest(".term, .asks") : null;
    if (!(by instanceof HTMLElement)) return;
    e.preventDefault(); // a term in a label is not its field
    const closed = pressed === by;
    pressed = null;
    if (closed) return;
    const why = WHYS.find((x) => x.id === by.dataset.asks);
    const what = why ? { why } : { term: by.dataset.term ?? "" };
    void open(what, by);
  });
  root.addEventListener("toggle", (e) => {
    if (/** @type {ToggleEvent} */ (e).newState !== "closed") return;
    dim();
    if (asked?.why?.asks) act.show([], [asked.why.asks]);
    asked = null;
    const at = document.activeElement;
    if (at && at !== document.body && !root.contains(at)) return; // the press that closed it was meant for that
    const again = opener?.dataset.term
      ? `[data-term="${opener.dataset.term}"]`
      : `[data-asks="${opener?.dataset.asks}"]`;
    const back = opener?.isConnected ? opener : document.querySelector(again);
    if (back instanceof HTMLElement) back.focus({ preventScroll: true });
  });
  onKey(root, (key, e) => {
    if (key !== "Escape") return;
    e.preventDefault();
    e.stopPropagation();
    close();
  });
  part("close").addEventListener("click", close);
  root.addEventListener("click", ({ target }) => {
    if (!(target instanceof HTMLElement) || !asked) return;
    const { number, place, cell } = target.dataset;
    const way = number ? NUMBERS[number].see : place;
    const { frame } = state ?? {};
    const ask = cell && frame && asked.why?.cells?.[cell](frame);
    if (!way && !ask) return;
    opener = null; // the focus goes on, not back
    close();
    if (way) goTo(way, act);
    else if (ask) act.explainCell(ask, true);
  });
  createRoving(document.body);

  function fill() {
    const { frame, t, lang } = /** @type {State} */ (state);
    if (asked?.term) fillTerm(asked.term, t);
    else if (asked?.why && frame) fillWhy(asked.why, frame, t, lang);
    root.hidden = false;
  }

  /** @param {string} id @param {T} t */
  function fillTerm(id, t) {
    const term = terms?.all[id];
    title.textContent = term?.name ?? id;
    lines(term?.says ?? [t("card.lost")]);
    part("formula").textContent = term?.formula ?? "";
    const see = term?.see && find(term.see) ? [link("data-place", term.see, t("card.see"))] : [];
    part("see").replaceChildren(...see);
  }

  /** @param {Why} why @param {Frame} frame @param {T} t @param {string} lang */
  function fillWhy(why, frame, t, lang) {
    title.textContent = t(titleOf(why, frame.meta));
    lines(why.lines(frame.meta).flatMap((line) => worded(`ask.${why.id}.${line}`, frame, t, lang) ?? []));
    for (const e of root.querySelectorAll("[data-number]")) {
      const { dataset } = /** @type {HTMLElement} */ (e);
      dataset.value = String(NUMBERS[dataset.number ?? ""].of(frame.meta));
    }
    part("formula").textContent = "";
    const cells = frame.meta.pick.from === null || frame.meta.pick.op ? {} : (why.cells ?? {});
    const places = (why.see ?? []).filter(find);
    const see = [
      ...Object.keys(cells).map((name) => link("data-cell", name, t(`ask.${why.id}.cell.${name}`))),
      ...places.map((place) => link("data-place", place, t(`card.see.${place.replace(/-.*/, "")}`))),
    ];
    if (part("see").textContent !== see.map((e) => e.textContent).join("")) part("see").replaceChildren(...see);
  }

  /** @param {string[]} texts */
  function lines(texts) {
    const says = part("says");
    while (says.children.length > texts.length) says.lastElementChild?.remove();
    while (says.children.length < texts.length) says.append(el("p"));
    texts.forEach((text, i) => say(says.children[i], text));
  }

  /** @param {State} next */
  return function view(next) {
    const before = state;
    state = next;
    const { frame, t } = next;
    for (const { why, button } of buttons) {
      const has = !!frame && (why.of?.(frame.meta) ?? true);
      if (button.hidden === has) button.hidden = !has;
      const asks = frame ? t(titleOf(why, frame.meta)) : "";
      if (asks && button.ariaLabel !== asks) button.setAttribute("aria-label", asks);
    }
    if (!asked || !root.matches(":popover-open")) return;
    const otherRun = JSON.stringify(before?.frame?.meta.run.recipe) !== JSON.stringify(frame?.meta.run.recipe);
    if (otherRun || before?.lang !== next.lang) close();
    else if (asked.why && before?.frame !== frame) fill();
  };
}

/** A question mark at its place. @param {Why} why */
function question({ id, after = "", in: place = "" }) {
  const button = el("button", "?", {
    type: "button",
    class: "asks",
    tabindex: "-1",
    "data-asks": id,
    "aria-haspopup": "dialog",
  });
  if (after) document.querySelector(after)?.after(button);
  else document.querySelector(place)?.append(button);
  return button;
}

/** @param {"data-place"|"data-cell"} kind @param {string} name @param {string} text */
const link = (kind, name, text) => el("button", text, { type: "button", [kind]: name });

/**
 * A line of a card, its numbers as links to where they are seen; null where the moment lacks one of them.
 * @param {string} id @param {Frame} frame @param {T} t @param {string} lang
 */
function worded(id, frame, t, lang) {
  let lacks = false;
  const args = new Proxy(/** @type {Args} */ ({}), {
    get(_, name) {
      const x = NUMBERS[String(name)]?.of(frame.meta) ?? undefined;
      if (x === undefined) lacks = true;
      return x === undefined ? "" : mark("number", String(name), written(String(name), frame, lang));
    },
  });
  const text = withTerms(t)(id, args);
  return lacks ? null : text;
}
