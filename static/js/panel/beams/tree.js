// The beams of a search as a tree, pass by pass. No DOM.

/** @import { Frame } from "../../types.js" */

/**
 * @typedef {{index: number, pass: number, slot: number, parent: number, id: number, label: string, logProb: number,
 * sum: number, end: number, alive: boolean, answer: boolean}} Beam end: the last pass that a text through it lives in
 */

/**
 * @param {Frame} frame @returns {Beam[]} in the order of the passes; none before the first token
 */
export function beams({ meta, tensors }) {
  const { beams: info } = meta;
  const [table, logs] = [tensors.beam_tree, tensors.beam_log_probs];
  if (!info?.passes || !table || !logs) return [];
  const n = table.shape[1];
  /** @type {Beam[]} */
  const all = [];
  let from = 0; // the first node of the pass before
  info.passes.forEach((count, pass) => {
    const first = all.length;
    for (let slot = 0; slot < count; slot++) {
      const index = all.length;
      const parent = pass ? from + table.data[index] : -1;
      const id = table.data[n + index];
      all.push({
        index,
        pass,
        slot,
        parent,
        id,
        label: info.labels?.[id] ?? "",
        logProb: logs.data[index],
        sum: (all[parent]?.sum ?? 0) + logs.data[index],
        end: pass,
        alive: false,
        answer: false,
      });
    }
    from = first;
  });
  const last = info.passes.length - 1;
  for (const b of [...all].reverse()) if (b.parent >= 0) all[b.parent].end = Math.max(all[b.parent].end, b.end);
  const up = (/** @type {number} */ i, /** @type {"alive"|"answer"} */ what) => {
    for (; i >= 0; i = all[i].parent) all[i][what] = true;
  };
  const over = info.best >= 0;
  if (!over) all.filter((b) => b.pass === last).forEach((b) => up(b.index, "alive"));
  for (const f of info.finished) if (f.node !== undefined) up(f.node, "alive");
  const answer = over ? info.finished[info.best]?.node : undefined;
  if (answer !== undefined) up(answer, "answer");
  return all;
}

/**
 * The beam of the cursor's pass that a node belongs to: the one that continues
 * it, or that it continues; null where its text was given up.
 * @param {Beam[]} all @param {number} index @param {number} pass whose beams can be looked at: 0 has one, the prompt
 */
export function beamOf(all, index, pass) {
  if (pass === 0) return 0;
  let b = all[index];
  while (b && b.pass > pass - 1) b = all[b.parent];
  while (b && b.pass < pass - 1) {
    const here = b;
    const next = all.filter((c) => c.parent === here.index && c.end >= pass - 1);
    if (!next.length) return null;
    b = next[0];
  }
  return b ? b.slot : null;
}

/**
 * The node beside one in a direction.
 * @param {Beam[]} all
 * @param {number} index
 * @param {string} key
 * @returns {number|null}
 */
export function beside(all, index, key) {
  const b = all[index];
  switch (key) {
    case "ArrowLeft":
      return b.parent >= 0 ? b.parent : null;
    case "ArrowRight":
      return all.find((c) => c.parent === index)?.index ?? null;
    case "ArrowUp":
      return all.find((c) => c.pass === b.pass && c.slot === b.slot - 1)?.index ?? null;
    case "ArrowDown":
      return all.find((c) => c.pass === b.pass && c.slot === b.slot + 1)?.index ?? null;
    case "Home":
      return 0;
    case "End":
      return all.length - 1;
  }
  return null;
}

/** How likely a text is beside the likeliest of its pass. @param {Beam[]} all @param {Beam} b */
export const share = (all, b) => Math.exp(b.sum - Math.max(...all.filter((c) => c.pass === b.pass).map((c) => c.sum)));
