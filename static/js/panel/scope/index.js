// What a handout holds and what it does not, where its reader looks for it.

import { parts } from "../../ui/dom.js";

/** @import { Panel, State } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "scope", offline: true, online: false, create };

/** @param {HTMLElement} root */
function create(root) {
  const part = parts(root);
  let said = "";
  /** @param {State} state */
  return function view({ frame, t, lang }) {
    const { scope, lacking, run } = frame?.meta ?? {};
    if (!scope || !run) return;
    const whole = scope.steps[1] - scope.steps[0] === run.recorded - 1;
    const inside = run.recipe.lanes !== "uncached" && scope.ops[1] >= scope.ops[0];
    root.hidden = whole && !inside; // then there is nothing of the kind
    const span = (/** @type {[number, number]} */ [from, to]) => ({ From: from, To: to });
    part("ops").textContent = [
      t(whole ? "scope.all" : "scope.some", { ...span(scope.steps), Recorded: run.recorded }),
      scope.heads.length < run.config.heads ? t("scope.heads", { Heads: scope.heads }) : "",
      inside ? t("scope.ops", span(scope.ops)) : "",
      t(scope.weights ? "scope.weights" : "scope.no_weights"),
    ]
      .filter(Boolean)
      .join(" ");
    part("explained").hidden = scope.explained[1] < scope.explained[0];
    part("explained").textContent =
      t("scope.explained", { ...span(scope.explained), Head: scope.head, Step: scope.step }) +
      (scope.without.length
        ? " " + t("scope.without", { Ops: scope.without.map((/** @type {string} */ id) => t("name." + id)) })
        : "") +
      (scope.trail ? " " + t("scope.trail") : "");
    part("missing").hidden = !lacking;
    part("link").textContent = lacking ?? "";
    part("link").hidden = !lacking;
    const now = lacking ? lang + lacking : "";
    if (now !== said) {
      part("missing").textContent = lacking ? t("scope.missing") : "";
      const { top, bottom } = root.getBoundingClientRect();
      if (lacking && (bottom > innerHeight || top < 0)) root.scrollIntoView({ block: "nearest" });
    }
    said = now;
  };
}
