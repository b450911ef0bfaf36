// Wiring of a handout: the page's panels over recorded frames. web/export puts
// this and all it imports into one file, without the panels that need a server.

import { createActions } from "./actions.js";
import { createRecords, unpack } from "./handout/records.js";
import { createReplay, parseTrail } from "./handout/replay.js";
import { mount } from "./panel/mount.js";
import { panels as later } from "./panel/later.js";
import { panels } from "./panel/panels.js";
import { createState } from "./state/initial.js";

/** @import { Command } from "./types.js" */

async function open() {
  const records = createRecords(await unpack(document.getElementById("frames")?.textContent ?? ""));
  const store = createState({ recorded: true, connected: true });
  const link = { send: (/** @type {Command} */ _) => false };
  const act = createActions(store, link, {
    words: async (lang) => records.words[lang],
    glossary: async (lang) => records.terms(lang),
    // a file may change no more of its address
    address: (query) => history.replaceState(null, "", "#" + query.slice(1)),
  });
  await act.setLang(document.documentElement.dataset.lang ?? "en");
  const weights = () => (/** @type {string} */ _, /** @type {number} */ layer, /** @type {string} */ op) => ({
    tensor: records.weight(layer, op),
  });
  const moments = (/** @type {number} */ step) => replay.peek(step);
  mount([...panels, ...later], { store, act, live: false, weights, moments, opening: null });

  // A handout opens where it was made; from then on its address says where it stands.
  const asked = new URLSearchParams(location.hash.slice(1) || records.read(-1, 0).meta.scope.link);
  const number = (/** @type {string} */ key) => (asked.has(key) ? Number(asked.get(key)) || 0 : null);
  const replay = createReplay(records, act.moment, {
    step: number("step") ?? -1,
    pick: {
      layer: number("layer"),
      head: number("head") ?? 0,
      op: asked.get("op") ?? "",
      trail: parseTrail(asked.get("trail") ?? ""),
    },
    marks: (asked.get("mark") ?? "").split(",").filter(Boolean).map(Number),
  });
  link.send = replay.send;
  replay.send({ cmd: "show" });
  Object.assign(window, { kvstepFrame: () => store.get().frame, kvstepPainted: store.painted });
}

open();
