// Which link a connection opens, and whether it does so by itself. A link that
// has just broken its room, or ended its server twice, or is longer than a server
// reads, waits for the person: an open tab must not kill a server again and again.

import { opens } from "./url.js";
import { GONE, PROOF, TOO_LONG } from "../wire/socket.js";

/** @import { Close } from "../wire/socket.js" */

const KEY = "kvstep-held";
const DEATHS = 2; // connections in a row that end right after a link
const KEPT = 8; // links

/**
 * @typedef {"panic"|"lost"|"long"} Why
 * @typedef {{why: Why, link: string, where: string, waits: boolean}} Held waits: nothing is open until the person says
 * what
 */

/** A link whatever the order of its words, and in whatever language it is shown. @param {string} link */
export function same(link) {
  const words = new URLSearchParams(opens(link));
  words.delete("lang");
  words.sort();
  return words.toString();
}

/**
 * @param {(command: object) => boolean} send
 * @param {(held: Held|null) => void} tell
 * @param {Pick<Storage, "getItem"|"setItem">} storage that lasts as long as the tab
 * @param {() => number} [now]
 */
export function createOpening(send, tell, storage, now = () => performance.now()) {
  const kept = read(storage);
  /** @type {Map<string, Why>} */
  const held = new Map(kept.held);
  let deaths = kept.deaths;
  let wanted = /** @type {string|null} */ (null); // said by the person, until it is there
  let link = ""; // of this connection
  let connected = false;
  let begun = 0; // when it was
  let sent = false;
  let answered = false; // it has led to a moment that stands
  let told = /** @type {Held|null} */ (null);

  const save = () => {
    try {
      storage.setItem(KEY, JSON.stringify({ held: [...held].slice(-KEPT), deaths }));
    } catch {
      // private windows refuse storage, and a link may be longer than it has room for
    }
  };
  const say = (/** @type {Held|null} */ next) => tell((told = next));
  const hold = (/** @type {string} */ it, /** @type {Why} */ why) => {
    held.delete(same(it)); // the newest are kept
    held.set(same(it), why);
    save();
  };
  const stop = (/** @type {Why} */ why) => say({ why, link, where: "", waits: true });
  const go = (/** @type {string} */ to) => {
    [link, answered] = [to, false];
    if (told?.waits) say(null);
    if (!(sent = send({ cmd: "open", link }))) {
      hold(link, "long");
      stop("long");
    }
  };
  const ask = (/** @type {string} */ to) => {
    // the person has pressed
    wanted = to;
    held.delete(same(to));
    save();
    say(null);
    if (connected) go(to); // else as soon as there is somebody to ask
  };

  return {
    /** Nothing is open, and the person has been asked. */
    waits: () => !!told?.waits,
    /** The link has led somewhere. */
    answered: () => answered,
    /** Is not opened by itself, nor written into the address. @param {string} it */
    holds: (it) => held.has(same(it)),
    /** A connection is there. @param {string} shown what the page has on screen */
    opened(shown) {
      [connected, begun] = [true, now()];
      [link, sent] = [wanted ?? shown, false];
      const why = held.get(same(link));
      if (why) stop(why);
      else go(link);
    },
    /** @param {boolean} running whether the room is still on its way */
    frame(running) {
      if (running) return;
      [answered, wanted] = [true, null];
      if (deaths && now() - begun >= PROOF) {
        deaths = 0;
        save();
      }
    },
    /** @param {Close} close */
    closed({ code, proven }) {
      connected = false;
      if (proven) deaths = 0;
      if (sent && !answered && code === TOO_LONG) {
        hold(link, "long");
        stop("long");
      } else if (sent && !proven && code === GONE && ++deaths >= DEATHS) {
        hold(link, "lost");
        stop("lost");
      }
      save();
    },
    /** The room has told of a fault; it goes on by itself. @param {{Where?: string, Recipe?: string}} args */
    panic({ Where = "", Recipe = "" }) {
      const repeats = Recipe ? "?" + Recipe.replace(/^\?/, "") : link;
      hold(repeats, "panic");
      if (!answered) hold(link, "panic");
      say({ why: "panic", link: repeats, where: Where, waits: false });
    },
    /** The person wants it all the same; one more death and they are asked again. */
    again() {
      if (!told) return;
      deaths = DEATHS - 1;
      ask(told.link);
    },
    /** The default run instead. */
    fresh: () => ask(opens("")),
    /** The person runs something else, or has read it. */
    leave() {
      if (told?.waits) [sent, answered] = [true, true];
      if (told) say(null);
    },
  };
}

/**
 * Storage of this tab: browsers that refuse it throw where it is asked for.
 * @returns {Pick<Storage, "getItem"|"setItem">}
 */
export function tabStorage() {
  try {
    return sessionStorage;
  } catch {
    return { getItem: () => null, setItem() {} };
  }
}

/** @param {Pick<Storage, "getItem">} storage @returns {{held: [string, Why][], deaths: number}} */
function read(storage) {
  try {
    const { held, deaths } = JSON.parse(storage.getItem(KEY) ?? "{}");
    return { held: Array.isArray(held) ? held : [], deaths: Number(deaths) || 0 };
  } catch {
    // refused, or written by somebody else
    return { held: [], deaths: 0 };
  }
}
