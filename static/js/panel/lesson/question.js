// What a beat asks: a form until there is an answer, and then what was predicted beside what came.

import { ASKS } from "./asks.js";
import { beside } from "./beside.js";
import { fill } from "./words.js";

/** @import { Host, Play, State } from "../../types.js" */

/**
 * @param {(name: string) => HTMLElement} part of the panel
 * @param {Host["store"]} store @param {() => void} ready is called whenever the answer has changed
 */
export function createQuestion(part, store, ready) {
  let shown = ""; // of the question that stands in the form
  let form = /** @type {import("./asks.js").Form|null} */ (null);

  return {
    /** The answer, as sim/lesson writes it; "" for none yet. */
    read: () => form?.read() ?? "",
    /** Nothing is asked any more. */
    forget() {
      shown = "";
    },
    /** Tells the form that cells have been picked on the picture. */
    picked() {
      part("fields").querySelector("input")?.dispatchEvent(new Event("picked"));
    },
    /** @param {State} state @param {Play} play */
    show(state, play) {
      const { ask } = play;
      const key = ask ? JSON.stringify([play.name, play.id, state.lang, ask.given, !!ask.graded]) : "";
      if (key === shown) return;
      shown = key;
      part("ask").hidden = !ask;
      form = null;
      fill(part("question"), ask?.text ?? []);
      if (!ask || !state.frame) return store.set({ guess: null });
      const { graded, cells } = ask;
      form =
        graded && !cells?.one
          ? { nodes: beside({ ask, graded, t: state.t }), read: () => "" }
          : ASKS[ask.kind]({ ask, t: state.t, store, frame: state.frame, ready });
      const inside = part("fields").contains(document.activeElement);
      part("fields").replaceChildren(...form.nodes);
      /** @type {HTMLFieldSetElement} */ (part("fields")).disabled = !!ask.given;
      if (inside && ask.given) part("go").focus({ preventScroll: true });
      const guess = cells && { ...cells, picked: ask.given ?? "", right: graded?.answer ?? null, open: !ask.given };
      store.set({ guess: guess ?? null });
    },
  };
}
