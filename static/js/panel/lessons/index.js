// The menu of the lessons, with how far somebody has come in each.

import { el, parts } from "../../ui/dom.js";
import { progress } from "../../facts/progress.js";

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
        const far = at?.place
          ? t("lessons.at", { N: at.at + 1, Count: beats })
          : t("lessons.minutes", { Count: minutes });
        const button = el("button", [el("b", title), el("span", far, { class: "quiet" })], {
          type: "button",
          "data-testid": `lesson-${name}`,
        });
        button.addEventListener("click", () => {
          root.open = false;
          act.beat({ lesson: name, beat: at?.place?.beat ?? "", answers: at?.place?.answers ?? "" });
        });
        return el("li", button);
      }),
    );
  }

  async function load() {
    const { t } = store.get();
    lang = store.get().lang;
    try {
      const answer = await fetch(`/lessons?lang=${lang}`);
      draw(await answer.json());
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
