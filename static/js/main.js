// Wiring: socket -> store -> panels, panels -> actions -> socket.

import { connect } from "./wire/socket.js";
import { createWeights } from "./wire/weights.js";
import { createState } from "./state/initial.js";
import { opens } from "./state/url.js";
import { createOpening, tabStorage } from "./state/opening.js";
import { broken, createActions, SERVED } from "./actions.js";
import { mount } from "./panel/mount.js";
import { panels } from "./panel/panels.js";

/** @import { State } from "./types.js" */

const store = createState({});
/** @type {ReturnType<typeof connect>} */
let socket;
const tell = (/** @type {State["held"]} */ held) => store.set({ held });
const opening = createOpening((command) => socket.send(command), tell, tabStorage());
const act = createActions(
  store,
  {
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
const host = { store, act, live: true, weights: createWeights, moments: null, opening };
mount(panels, host);
let whole = false; // is the rest of the page there?
const rest = () => {
  const { later = "" } = document.documentElement.dataset;
  window.kvstepLater = { host, done: () => (whole = true) };
  import(later).catch(() => setTimeout(rest, 2000)); // the network may come back
};

const most = Number(document.documentElement.dataset.most) || Infinity; // bytes of a message
// A first visit says no more than its language, in which it gets a prompt, or a lesson to begin with.
const asked = new URLSearchParams(location.search || `?lang=${store.get().lang}`);
const { first: minute } = document.documentElement.dataset;
if (minute && !asked.has("lesson")) asked.set("lesson", minute);
if (asked.has("lesson") && !asked.has("lang")) asked.set("lang", store.get().lang); // in which it speaks
socket = connect(
  window.kvstepLive.url,
  {
    opened: () => opening.opened(store.get().frame?.meta.link ?? opens(`?${asked}`)),
    frame(data) {
      const first = !store.get().frame;
      act.frame(data);
      opening.frame(!!store.get().frame?.meta.run.running);
      if (first) {
        store.flush(); // nobody steps yet: the page is there sooner in one piece
        setTimeout(rest);
      } else store.hurry();
    },
    text(text) {
      const fault = broken(text);
      if (!fault) return act.text(text);
      opening.panic(fault);
      store.set({ playing: false, loading: null });
    },
    state: (connected) =>
      store.set({ connected, loading: null, lost: connected ? null : store.get().lost, sender: "" }),
    lost: (lost) => store.set({ lost }),
    closed: opening.closed,
    long(bytes) {
      if (opening.answered())
        act.problem(JSON.stringify({ problem: "message.long", args: { Have: bytes, Max: most } }));
    },
  },
  { most, random: Math.random, begun: window.kvstepLive.begun },
);

// For the console and the browser's tests: the newest frame, whether a step can be pressed, and whether all of the
// frame is on screen.
Object.assign(window, {
  kvstepFrame: () => store.get().frame,
  kvstepReady: store.painted,
  kvstepPainted: () => (whole || !store.get().frame) && store.painted(),
});
