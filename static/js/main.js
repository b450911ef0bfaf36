// Wiring: socket -> store -> views, views -> actions -> socket.

import { connect } from "./wire/socket.js";
import { createStore, together } from "./state/store.js";
import { createOpening } from "./state/opening.js";
import { broken, createActions, SERVED } from "./actions.js";
import { createChrome } from "./view/chrome.js";
import { createTransport } from "./view/transport.js";
import { createForm } from "./view/form.js";
import { createRefusals } from "./view/refusal.js";
import { createFold } from "./view/fold.js";
import { createHeld } from "./view/held.js";
import { keepInSight } from "./view/insight.js";
import { createLoading } from "./view/loading.js";
import { createTimeline } from "./view/timeline.js";
import { createBreaks } from "./view/breaks.js";
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
import { createHeads } from "./view/heads.js";
import { createCache } from "./view/cache.js";
import { createMemory } from "./view/memory.js";
import { createWall } from "./view/wall.js";
import { createSequences } from "./view/several.js";
import { createSchedule } from "./view/schedule.js";
import { createVersus } from "./view/versus.js";
import { createBeams } from "./view/beams.js";
import { createStrips } from "./view/strips.js";
import { createTokens } from "./view/tokens.js";
import { createBranches } from "./view/branches.js";
import { createSampling } from "./view/sampling.js";
import { createLedger } from "./view/ledger.js";
import { createFormulas } from "./view/formulas.js";
import { createHistory } from "./view/history.js";
import { createTake } from "./view/take.js";
import { createReal } from "./view/real.js";
import { createVariants } from "./view/variants.js";
import { createToPlots } from "./view/toplots.js";

const part = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const store = createStore(
  /** @type {any} */ ({
    frame: null,
    lang: "",
    t: (/** @type {string} */ id) => id,
    theme: null,
    connected: false,
    lost: false,
    playing: false,
    problem: null,
    loading: null,
    cell: null,
    asked: null,
    held: null,
    sender: "",
    show: null,
    count: null,
  }),
);
/** Browsers that refuse storage throw where it is asked for. */
function tabStorage() {
  try {
    return sessionStorage;
  } catch {
    return { getItem: () => null, setItem() {} };
  }
}

/** @type {ReturnType<typeof connect>} */
let socket;
const opening = createOpening(
  (command) => socket.send(command),
  (held) => store.set({ held }),
  tabStorage(),
);
const act = createActions(
  store,
  {
    /** @param {any} command */
    send(command) {
      if (command.cmd === "run") opening.leave();
      return !opening.waits() && socket.send(command);
    },
  },
  { ...SERVED, address: (query) => opening.holds(query) || SERVED.address(query) },
);

await act.setLang(document.documentElement.dataset.lang ?? "en");
const pick = new URLSearchParams(location.search).get("cell")?.split(".");
if (pick?.length === 3) store.set({ cell: { op: pick[0], row: Number(pick[1]), col: Number(pick[2]) } });
const most = Number(document.documentElement.dataset.most) || Infinity; // bytes of a message

// In the order in which they are painted: what a person follows before what can wait for another frame.
store.subscribe(createChrome(store, act));
keepInSight();
store.subscribe(createHeld(part("held"), opening));
store.subscribe(createTransport(part("transport"), act));
store.subscribe(createLoading(part("loading")));
store.subscribe(createSentence(part("sentence")));
store.subscribe(createPickers(part("pickers"), act));
store.subscribe(createWaiting(part("waiting")));
store.subscribe(createSpeculation(part("speculation")));
store.subscribe(together(createTimeline(part("timeline"), act), createStage(part("stage"), act)));
store.subscribe(createCacheless(part("cacheless"), act));
store.subscribe(createOps(part("ops"), act));
store.subscribe(createInside(part("inside"), act));
store.subscribe(createExplain(part("explain"), act));
store.subscribe(createCache(part("cache"), act));
store.subscribe(createTable(part("table")));
store.subscribe(createHeads(part("all-heads"), act));
store.subscribe(createForm(part("recipe"), act));
store.subscribe(createRefusals());
store.subscribe(createFold(part("recipe-open"), part("recipe")));
store.subscribe(createBreaks(part("breaks"), part("why"), act));
store.subscribe(createMemory(part("memory")));
store.subscribe(createWall(part("wall"), act));
store.subscribe(createSequences(part("sequences"), act));
store.subscribe(createSchedule(part("schedule"), act, createVersus));
store.subscribe(createBeams(part("beams"), act));
store.subscribe(createStrips(part("strips"), act));
store.subscribe(createTokens(part("tokens"), act));
store.subscribe(createBranches(part("branches"), act));
store.subscribe(createSampling(part("sampling"), act));
store.subscribe(createLedger(part("ledger"), act));
store.subscribe(createFormulas(part("counters"), act));
store.subscribe(createHistory(part("history"), act));
store.subscribe(createTake(part("take"), store, act));
store.subscribe(createReal(part("real"), act));
store.subscribe(createVariants(part("variants"), act));
store.subscribe(createToPlots(part("to-plots")));

socket = connect(
  `${location.origin.replace(/^http/, "ws")}/live?client=${crypto.randomUUID()}`,
  {
    opened: () => opening.opened(store.get().frame?.meta.link ?? location.search),
    frame: (data) => {
      const first = !store.get().frame;
      act.frame(data);
      opening.frame(!!store.get().frame?.meta.run.running);
      if (first) store.flush(); // nobody steps yet: the page is there sooner in one piece
    },
    text: (text) => {
      const fault = broken(text);
      if (fault) {
        opening.panic(fault);
        store.set({ playing: false, loading: null });
      } else act.text(text);
    },
    state: (connected) => store.set({ connected, loading: null, lost: store.get().lost || !connected, sender: "" }),
    closed: opening.closed,
    long: (bytes) =>
      opening.answered() && act.problem(JSON.stringify({ problem: "message.long", args: { Have: bytes, Max: most } })),
  },
  { most, random: Math.random },
);

// For the console and the browser's tests: the newest frame, and whether all of it is on screen.
Object.assign(window, { kvstepFrame: () => store.get().frame, kvstepPainted: store.painted });
