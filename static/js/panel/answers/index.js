// My answers: what somebody has answered in a lesson, as a file and as a link to hand in, and the way back from
// both. Nothing is sent.

import { LAB } from "../../state/url.js";
import { el, parts } from "../../ui/dom.js";
import { copy, save } from "../../ui/save.js";
import { fileName, handIn, linkOf, readHandIn } from "../../facts/handin.js";
import { playOf } from "../../facts/lesson.js";
import { progress } from "../../facts/progress.js";
import { lessons } from "../../ui/words.js";

/** @import { Host, Panel, State } from "../../types.js" */

/** @type {Panel} */
export const panel = { id: "answers", offline: false, create };

const MOST = 1 << 20; // bytes of a file, as for the server

/** @param {HTMLDialogElement} root @param {Host} host */
function create(root, { store, act }) {
  const part = parts(root);
  const which = /** @type {HTMLSelectElement} */ (part("lesson"));
  const name = /** @type {HTMLInputElement} */ (part("name"));
  const file = /** @type {HTMLInputElement} */ (part("file"));
  const say = (/** @type {string} */ text) => (part("status").textContent = text);
  // The address that has led here, which is another one by now.
  const [came] = performance.getEntriesByType("navigation");
  name.value = new URLSearchParams(came?.name.split("?")[1]).get("name") ?? "";

  const given = () => {
    const { link, version } = progress()[which.value];
    return handIn(link, version, name.value.trim());
  };

  async function show() {
    const { frame, lang } = store.get();
    const have = progress();
    const titles = new Map((await lessons(lang).catch(() => [])).map((l) => [l.name, l.title]));
    which.replaceChildren(...Object.keys(have).map((l) => el("option", titles.get(l) ?? l, { value: l })));
    which.value = playOf(frame)?.name ?? Object.keys(have).at(-1) ?? "";
    part("have").hidden = !which.value;
    part("none").hidden = !!which.value;
    say("");
    root.showModal();
  }

  /** @param {File|undefined} from */
  async function open(from) {
    const had = from && from.size <= MOST ? readHandIn(await from.text().catch(() => "")) : null; // it may be gone
    if (!had) {
      if (!root.open) await show();
      return say(store.get().t("answers.unreadable"));
    }
    name.value = had.name;
    root.close();
    act.resume(linkOf(had));
  }

  for (const button of document.querySelectorAll("[data-answers]")) button.addEventListener("click", show);
  part("close").addEventListener("click", () => root.close());
  part("save").addEventListener("click", () => {
    const it = given();
    say(
      save(fileName(it), new Blob([JSON.stringify(it, null, 2) + "\n"], { type: "application/json" }), store.get().t),
    );
  });
  part("link").addEventListener("click", async () =>
    say(await copy(`${location.origin}${LAB}${linkOf(given())}`, store.get().t)),
  );
  file.addEventListener("change", () => {
    open(file.files?.[0]);
    file.value = ""; // the same one may be chosen again
  });
  document.addEventListener("dragover", (e) => e.dataTransfer?.types.includes("Files") && e.preventDefault());
  document.addEventListener("drop", (e) => {
    if (!e.dataTransfer?.files.length) return;
    e.preventDefault();
    open(e.dataTransfer.files[0]);
  });
  return () => {};
}
