// A handout on paper: the moment where it stands, then a page for each bookmark.

import { el } from "../../ui/dom.js";
import { createPicture, linkOf, matrices, momentOf } from "./picture.js";

/** @import { Frame, Host } from "../../types.js" */

/** @param {HTMLElement} root of the pages @param {Host} host */
export function createPrint(root, { store, moments }) {
  const picture = createPicture(store);
  const image = (/** @type {ReturnType<typeof picture>} */ { svg, width, height }, alt = "") =>
    el("img", [], {
      src: "data:image/svg+xml;charset=utf-8," + encodeURIComponent(svg),
      width: String(width),
      height: String(height),
      alt,
    });

  /** The page of the moment on screen. */
  function page() {
    const state = store.get();
    const says = document.querySelector("#sentence [data-line]")?.textContent ?? "";
    const beside = ["lanes", "top"]
      .map((id) => document.querySelector(`[data-testid="${id}"]`))
      .filter((e) => !!e?.checkVisibility())
      .map((e) => image(picture([/** @type {Element} */ (e)], { caption: false })));
    return el(
      "section",
      [
        el("h2", momentOf(state)),
        el("p", says),
        image(picture([matrices()], { caption: false }), says),
        el("div", beside, { class: "beside" }),
        el("p", linkOf(state), { class: "source" }),
      ],
      { class: "print-page" },
    );
  }

  addEventListener("beforeprint", () => {
    const frame = /** @type {Frame|null} */ (store.get().frame);
    if (!frame || !moments) return;
    const at = frame.meta.step?.n ?? -1;
    const pages = [page()];
    for (const n of (frame.meta.marks ?? []).filter((/** @type {number} */ m) => m !== at)) {
      store.set({ frame: moments(n) });
      store.flush();
      pages.push(page());
    }
    root.replaceChildren(...pages);
    store.set({ frame });
    store.flush();
  });
}
