// The menu of the lessons, with how far somebody has come in each.

import { handIn, linkOf } from "../../facts/handin.js";
import { el, parts } from "../../ui/dom.js";
import { progress } from "../../facts/progress.js";
import { lessons } from "../../ui/words.js";

/** @import { Host, LessonEntry, Panel, State } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "lessons", offline: false, create };

/** @param {HTMLDetailsElement} root @param {Host} host */
function create(root, { store, act }) {
  const part = parts(root);
  let lang = "";

  /** @param {LessonEntry[]} list */
  function draw(list) {
    const { t } = store.get();
    const done = progress();
    part("list").replaceChildren(
      ...list.map(({ name, title, minutes, beats }) => {
        const at = done[name];
        const far = at ? t("lessons.at", { N: at.at + 1, Count: beats }) : t("lessons.minutes", { Count: minutes });
        const button = el("button", [el("b", title), el("span", far, { class: "quiet" })], {
          type: "button",
          "data-testid": `lesson-${name}`,
        });
        button.addEventListener("click", () => {
          root.open = false;
          if (at) act.resume(linkOf(handIn(at.link, at.version, "")));
          else act.beat({ lesson: name, beat: "", answers: "" });
        });
        const paper = el("a", t("lessons.print"), {
          href: `/paper?lesson=${name}&lang=${lang}`,
          target: "_blank",
          "aria-label": t("lessons.print.long", { What: title }),
          "data-testid": `paper-${name}`,
        });
        return el("li", [button, paper]);
      }),
    );
  }

  async function load() {
    const { t } = store.get();
    lang = store.get().lang;
    try {
      draw(await lessons(lang));
      part("status").textContent = "";
    } catch {
      part("status").textContent = t("lessons.none");
    }
  }

  root.addEventListener("toggle", () => root.open && load());
  /** @param {State} state */
  return function view(state) {
    if (root.open && state.lang !== lang) load();
  };
}
