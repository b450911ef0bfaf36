// Wiring of a handout: the page's views over recorded frames. web/export puts
// this and all it imports into one file.

import { createStore, paintTogether } from "./state/store.js";
import { createActions } from "./actions.js";
import { createRecords, unpack } from "./handout/records.js";
import { createReplay, parseTrail } from "./handout/replay.js";
import { createScope } from "./panel/scope/index.js";
import { createChrome } from "./panel/chrome/index.js";
import { createTransport } from "./panel/transport/index.js";
import { createTimeline } from "./panel/timeline/index.js";
import { createSentence } from "./panel/sentence/index.js";
import { createPickers } from "./panel/pickers/index.js";
import { createWaiting } from "./panel/waiting/index.js";
import { createSpeculation } from "./panel/speculation/index.js";
import { createStage } from "./panel/stage/index.js";
import { createCacheless } from "./panel/cacheless/index.js";
import { createOps } from "./panel/ops/index.js";
import { createInside } from "./panel/inside/index.js";
import { createExplain } from "./panel/explain/index.js";
import { createTable } from "./panel/table/index.js";
import { createCache } from "./panel/cache/index.js";
import { createSchedule } from "./panel/schedule/index.js";
import { createBeams } from "./panel/beams/index.js";
import { createStrips } from "./panel/batch-cache/index.js";
import { createTokens } from "./panel/tokens/index.js";
import { createSampling } from "./panel/sampling/index.js";
import { createMemory } from "./panel/memory/index.js";
import { createWall } from "./panel/out-of-memory/index.js";
import { createLedger } from "./panel/ledger/index.js";
import { createHeads } from "./panel/all-heads/index.js";
import { createFormulas } from "./panel/counters/index.js";
import { createHistory } from "./panel/history/index.js";
import { createTake } from "./panel/take/index.js";

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
  store.subscribe(paintTogether(createTimeline(part("timeline"), act), createStage(part("stage"), act)));
  store.subscribe(createCacheless(part("cacheless"), act));
  store.subscribe(createOps(part("ops"), act));
  store.subscribe(createInside(part("inside"), act, () => (_model, layer, op) => records.weight(layer, op)));
  store.subscribe(createExplain(part("explain"), act));
  store.subscribe(createCache(part("cache"), act));
  store.subscribe(createScope(part("scope")));
  store.subscribe(createTable(part("table")));
  store.subscribe(createHeads(part("all-heads"), act));
  store.subscribe(createMemory(part("memory")));
  store.subscribe(createWall(part("out-of-memory"), act));
  store.subscribe(createSchedule(part("schedule"), act, null));
  store.subscribe(createBeams(part("beams"), act));
  store.subscribe(createStrips(part("batch-cache"), act));
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
