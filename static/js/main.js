// Wiring: socket -> store -> views, views -> actions -> socket.

import { connect } from "./wire/socket.js";
import { createStore, paintTogether } from "./state/store.js";
import { createOpening } from "./state/opening.js";
import { broken, createActions, SERVED } from "./actions.js";
import { createChrome } from "./panel/chrome/index.js";
import { createTransport } from "./panel/transport/index.js";
import { createForm } from "./panel/recipe/index.js";
import { createRefusals } from "./ui/refusal.js";
import { createFold } from "./panel/recipe/fold.js";
import { createHeld } from "./panel/held/index.js";
import { keepInSight } from "./ui/insight.js";
import { createLoading } from "./panel/loading/index.js";
import { createTimeline } from "./panel/timeline/index.js";
import { createBreaks } from "./panel/breaks/index.js";
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
import { createHeads } from "./panel/all-heads/index.js";
import { createCache } from "./panel/cache/index.js";
import { createMemory } from "./panel/memory/index.js";
import { createWall } from "./panel/out-of-memory/index.js";
import { createSequences } from "./panel/sequence-picker/index.js";
import { createSchedule } from "./panel/schedule/index.js";
import { createVersus } from "./panel/schedule/schedule-compare.js";
import { createBeams } from "./panel/beams/index.js";
import { createStrips } from "./panel/batch-cache/index.js";
import { createTokens } from "./panel/tokens/index.js";
import { createBranches } from "./panel/branches/index.js";
import { createSampling } from "./panel/sampling/index.js";
import { createLedger } from "./panel/ledger/index.js";
import { createFormulas } from "./panel/counters/index.js";
import { createHistory } from "./panel/history/index.js";
import { createTake } from "./panel/take/index.js";
import { createReal } from "./panel/real/index.js";
import { createVariants } from "./panel/variants/index.js";
import { createToPlots } from "./panel/to-plots/index.js";

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
store.subscribe(paintTogether(createTimeline(part("timeline"), act), createStage(part("stage"), act)));
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
store.subscribe(createWall(part("out-of-memory"), act));
store.subscribe(createSequences(part("sequence-picker"), act));
store.subscribe(createSchedule(part("schedule"), act, createVersus));
store.subscribe(createBeams(part("beams"), act));
store.subscribe(createStrips(part("batch-cache"), act));
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
