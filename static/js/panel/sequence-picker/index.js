// A run of several sequences: who is who, and which one is looked at.

import { isolate } from "../../text.js";
import { sequences } from "../../facts/sequences.js";
import { radio } from "../../ui/dom.js";

/** @import { Host, Panel, State } from "../../types.js" */

const WHY = ["done", "waiting", "preempted"]; // a request is not in a pass

/** @type {Panel} */
export const panel = { id: "sequence-picker", offline: false, create };

/** @param {HTMLElement} root @param {Host} host */
function create(root, { act }) {
  const radios = /** @type {HTMLElement} */ (root.querySelector("[data-seqs]"));
  const absent = /** @type {HTMLElement} */ (root.querySelector("[data-absent]"));
  const name = /** @type {HTMLElement} */ (root.querySelector("legend"));
  let built = "";
  root.addEventListener("change", (e) => act.sequence(Number(/** @type {HTMLInputElement} */ (e.target).value)));
  /** @param {State} state */
  return function view({ frame, t, lang }) {
    const peers = frame?.meta.peers;
    const all = frame ? sequences(frame) : [];
    root.hidden = !peers || all.length < 2;
    if (!frame || !peers || root.hidden) return;
    name.textContent = t(`pick.seq.${peers.kind}`);
    const now = JSON.stringify([all, lang]);
    if (now !== built) radios.replaceChildren(...all.map((seq) => radio("pick-seq", seq, String(seq))));
    built = now;
    for (const input of radios.querySelectorAll("input")) {
      const seq = Number(input.value);
      // a beam that is gone gives way
      input.checked = seq === peers.pick || (peers.kind === "beam" && seq === peers.seq);
      const here = !frame.meta.step || peers.pass.some((p) => p.seq === seq);
      input.parentElement?.classList.toggle("away", !here);
    }
    const away = frame.meta.step && peers.pick !== peers.seq && frame.meta.schedule?.requests[peers.pick];
    const why = away && (WHY.includes(away.state) ? away.state : "held");
    absent.textContent = away ? t(`pick.seq.${why}`, { N: peers.pick, Shown: peers.seq }) : "";
  };
}
