// The way to the figures of the run on screen.

/** @param {HTMLAnchorElement} link */
export function createToPlots(link) {
  /** @param {any} state */
  return function view({ frame, lang }) {
    if (!frame) return;
    const { run, ledger } = frame.meta; // there are no figures of no tokens
    link.href =
      "/plots?" +
      new URLSearchParams({
        model: run.model,
        prompt: run.prompt_tokens,
        new: run.recipe.max_new || "",
        ...ledger.count,
        lang,
      });
  };
}
