// The way to the figures of the run on screen.

import { address } from "../../state/url.js";

/** @import { Panel, State } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "to-plots", offline: false, create };

/** @param {HTMLAnchorElement} link */
function create(link) {
  /** @param {State} state */
  return function view({ frame, lang }) {
    if (!frame) return;
    const { run, ledger } = frame.meta; // there are no figures of no tokens
    link.href =
      "/plots?" +
      new URLSearchParams({
        model: run.model,
        prompt: String(run.prompt_tokens),
        new: String(run.recipe.max_new || ""),
        ...ledger.count,
        lang,
        run: address(frame.meta.link, lang).slice(1), // to come back to
      });
  };
}
