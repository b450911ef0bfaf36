// A run of several sequences: who is who, and which one is looked at.

import { isolate } from "../text.js";

/** "request 2", "beam 1". @param {any} frame @param {number} seq @param {import("../text.js").T} t */
export const seqName = (frame, seq, t) => t(`seq.${frame.meta.peers.kind}`, { N: seq + 1 });

/** The prompt of a request. @param {any} frame @param {number} [seq] */
export function promptOf({ meta: { run, peers } }, seq = peers?.seq ?? 0) {
  const asked = (peers?.kind === "batch" && run.recipe.batch.requests?.[seq - 1]) || run.recipe;
  return isolate(asked.prompt || (asked.tokens ?? []).join(" "));
}

/** The numbers of all sequences that can be looked at. @param {any} frame @returns {number[]} */
export function sequences({ meta: { peers, schedule } }) {
  if (!peers) return [0];
  return schedule
    ? schedule.requests.map((/** @type {any} */ _, /** @type {number} */ i) => i)
    : peers.pass.map((/** @type {any} */ p) => p.seq);
}

/**
 * @param {HTMLElement} root a fieldset
 * @param {{sequence: (seq: number) => void}} act
 */
export function createSequences(root, act) {
  const radios = /** @type {HTMLElement} */ (root.querySelector("[data-seqs]"));
  const absent = /** @type {HTMLElement} */ (root.querySelector("[data-absent]"));
  const name = /** @type {HTMLElement} */ (root.querySelector("legend"));
  let built = "";
  root.addEventListener("change", (e) => act.sequence(Number(/** @type {HTMLInputElement} */ (e.target).value)));
  /** @param {any} state */
  return function view({ frame, t, lang }) {
    const peers = frame?.meta.peers;
    const all = frame ? sequences(frame) : [];
    root.hidden = !peers || all.length < 2;
    if (root.hidden) return;
    name.textContent = t(`pick.seq.${peers.kind}`);
    const now = JSON.stringify([all, lang]);
    if (now !== built) radios.replaceChildren(...all.map(radio));
    built = now;
    for (const input of radios.querySelectorAll("input")) {
      const seq = Number(input.value);
      // a beam that is gone gives way
      input.checked = seq === peers.pick || (peers.kind === "beam" && seq === peers.seq);
      const here = !frame.meta.step || peers.pass.some((/** @type {any} */ p) => p.seq === seq);
      input.parentElement?.classList.toggle("away", !here);
    }
    const away = frame.meta.step && peers.pick !== peers.seq && frame.meta.schedule?.requests[peers.pick];
    absent.textContent = away
      ? t(`pick.seq.${away.state === "done" ? "done" : away.state === "waiting" ? "waiting" : "held"}`, {
          N: peers.pick + 1,
          Shown: peers.seq + 1,
        })
      : "";
  };
}

/** @param {number} seq */
function radio(seq) {
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type: "radio", name: "pick-seq", value: String(seq) });
  label.append(input, Object.assign(document.createElement("span"), { textContent: String(seq + 1) }));
  return label;
}
