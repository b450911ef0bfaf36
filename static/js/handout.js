// Wiring of a handout: the page's views over recorded frames. web/take puts
// this and all it imports into one file.

import { createStore, together } from "./state/store.js";
import { createActions } from "./actions.js";
import { createRecords, unpack } from "./handout/records.js";
import { createReplay, parseTrail } from "./handout/replay.js";
import { createScope } from "./handout/scope.js";
import { createChrome } from "./view/chrome.js";
import { createTransport } from "./view/transport.js";
import { createTimeline } from "./view/timeline.js";
import { createSentence } from "./view/sentence.js";
import { createPickers } from "./view/pickers.js";
import { createWaiting } from "./view/waiting.js";
import { createSpeculation } from "./view/speculation.js";
import { createStage } from "./view/stage.js";
import { createCacheless } from "./view/lanes.js";
import { createOps } from "./view/ops.js";
import { createInside } from "./view/inside.js";
import { createExplain } from "./view/explain.js";
import { createTable } from "./view/table.js";
import { createCache } from "./view/cache.js";
import { createSchedule } from "./view/schedule.js";
import { createBeams } from "./view/beams.js";
import { createStrips } from "./view/strips.js";
import { createTokens } from "./view/tokens.js";
import { createSampling } from "./view/sampling.js";
import { createMemory } from "./view/memory.js";
import { createWall } from "./view/wall.js";
import { createLedger } from "./view/ledger.js";
import { createHeads } from "./view/heads.js";
import { createFormulas } from "./view/formulas.js";
import { createHistory } from "./view/history.js";
import { createTake } from "./view/take.js";

const part = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));

async function open() {
  const records = createRecords(await unpack(part("frames").textContent));
  const store = createStore(
    /** @type {any} */ ({
      frame: null,
      lang: "",
      t: (/** @type {string} */ id) => id,
      theme: null,
      recorded: true,
      connected: true,
      lost: false,
      playing: false,
      problem: null,
      cell: null,
      asked: null,
      show: null,
      count: null,
    }),
  );
  const link = { send: (/** @type {object} */ _) => false };
  const act = createActions(store, link, {
    words: async (lang) => records.words[lang],
    // a file may change no more of its address
    address: (query) => history.replaceState(null, "", "#" + query.slice(1)),
  });
  await act.setLang(document.documentElement.dataset.lang ?? "en");
  store.subscribe(createChrome(store, act));
  store.subscribe(createTransport(part("transport"), act));
  store.subscribe(createSentence(part("sentence")));
  store.subscribe(createPickers(part("pickers"), act));
  store.subscribe(createWaiting(part("waiting")));
  store.subscribe(createSpeculation(part("speculation")));
  store.subscribe(together(createTimeline(part("timeline"), act), createStage(part("stage"), act)));
  store.subscribe(createCacheless(part("cacheless"), act));
  store.subscribe(createOps(part("ops"), act));
  store.subscribe(createInside(part("inside"), act, () => (_model, layer, op) => records.weight(layer, op)));
  store.subscribe(createExplain(part("explain"), act));
  store.subscribe(createCache(part("cache"), act));
  store.subscribe(createScope(part("scope")));
  store.subscribe(createTable(part("table")));
  store.subscribe(createHeads(part("all-heads"), act));
  store.subscribe(createMemory(part("memory")));
  store.subscribe(createWall(part("wall"), act));
  store.subscribe(createSchedule(part("schedule"), act, null));
  store.subscribe(createBeams(part("beams"), act));
  store.subscribe(createStrips(part("strips"), act));
  store.subscribe(createTokens(part("tokens"), { fork: null }));
  store.subscribe(createSampling(part("sampling"), act));
  store.subscribe(createLedger(part("ledger"), act));
  store.subscribe(createFormulas(part("counters"), act));
  store.subscribe(createHistory(part("history"), act));
  store.subscribe(createTake(part("take"), store, act));

  // A handout opens where it was made; from then on its address says where it stands.
  const asked = new URLSearchParams(location.hash.slice(1) || records.read(-1, 0).meta.scope.link);
  const number = (/** @type {string} */ key, /** @type {any} */ missing) =>
    asked.has(key) ? Number(asked.get(key)) || 0 : missing;
  const replay = createReplay(records, act.moment, {
    step: number("step", -1),
    pick: {
      layer: number("layer", null),
      head: number("head", 0),
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
