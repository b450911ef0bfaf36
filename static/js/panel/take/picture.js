// What is on screen as a picture for a slide: on white, with what it shows and where it is from.

import { LAB, address } from "../../state/url.js";
import { readTheme } from "../../ui/theme.js";
import { el } from "../../ui/dom.js";
import { isolate } from "../../text.js";
import { figure, record } from "./figure.js";

/** @import { Frame, Host, State } from "../../types.js" */

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** The picture of the stage: both lanes' matrices, or those of one op. */
export const matrices = () => (byId("inside").checkVisibility() ? byId("inside") : byId("stage"));

/**
 * The link of a frame's moment; in a file that nobody serves what stands behind the server's address.
 * @param {State} s
 */
export function linkOf({ frame, lang, recorded }) {
  const query = address(/** @type {Frame} */ (frame).meta.link, lang);
  return recorded ? query : `${location.origin}${LAB}${query}`;
}

/** Which moment a frame is, in a line. @param {State} s */
export function momentOf({ frame, t }) {
  const { run, step, pick } = /** @type {Frame} */ (frame).meta;
  const Prompt = isolate(run.recipe.prompt || (run.recipe.tokens ?? []).join(", "));
  const args = { Model: isolate(run.model), Prompt, Layer: pick.layer, Head: pick.head };
  return step ? t("take.caption", { ...args, Step: step.n }) : t("take.caption.start", args);
}

/** @param {Host["store"]} store */
export function createPicture(store) {
  /** Every view again, from values that no view has seen. @param {boolean} again */
  const repaint = (again) => {
    const { theme } = store.get();
    store.set({
      frame: { .../** @type {Frame} */ (store.get().frame) },
      theme: {
        ...theme,
        sequential: theme.sequential.slice(),
        diverging: theme.diverging.slice(),
        font: again ? theme.font + " " : theme.font.trimEnd(),
      },
    });
    store.flush();
  };
  /** Does something while the page is dressed for paper; nobody sees it. @template R @param {() => R} make */
  function onPaper(make) {
    const page = document.documentElement;
    const { theme } = store.get();
    const worn = page.dataset.theme;
    if (worn === "dark") page.dataset.theme = "light";
    store.set({ theme: readTheme() });
    store.flush();
    try {
      return make();
    } finally {
      page.dataset.theme = worn;
      store.set({ theme });
      store.flush();
    }
  }

  /**
   * @param {Element[]} roots stand one under the other
   * @param {{caption?: boolean, controls?: boolean}} [has] what it is and where it is from, below; what can be pressed
   */
  return function picture(roots, { caption = true, controls = false } = {}) {
    return onPaper(() => {
      const canvases = roots.flatMap((r) => [...r.querySelectorAll("canvas")]).filter((c) => c.clientWidth > 0);
      const shown = record(canvases, repaint);
      const state = store.get();
      const below = caption ? [captionOf(state, roots)] : [];
      document.body.append(...below);
      try {
        return figure([...roots, ...below], shown, {
          title: document.title,
          text: linesOf(state).join("\n"),
          background: "#ffffff",
          controls,
        });
      } finally {
        below.forEach((e) => e.remove());
      }
    });
  };
}

/** What a picture says of itself: the sentence, the moment, the link. @param {State} state */
const linesOf = (state) => [
  byId("sentence").querySelector("[data-line]")?.textContent ?? "",
  momentOf(state),
  linkOf(state),
];

/** What stands below a picture, as wide as that. @param {State} state @param {Element[]} roots */
function captionOf(state, roots) {
  const [says, moment, link] = linesOf(state);
  const caption = el("div", [el("p", says), el("p", moment), el("p", el("a", link, { href: link }))], {
    class: "take-caption",
  });
  caption.style.width = `${Math.max(...roots.map((r) => r.getBoundingClientRect().width), 320)}px`;
  return caption;
}
