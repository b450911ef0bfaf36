// One websocket that comes back by itself, sooner where it has proved good.

const FIRST = 250; // milliseconds before the first try
const MOST = 5000; // before any other
export const PROOF = 4000; // that a connection must live, and deliver, to be a good one

/** Closed because a message was longer than the server reads. */
export const TOO_LONG = 1009;
/** Closed without a word: the server, or the way to it, is gone. */
export const GONE = 1006;

/** @import { Problem } from "../types.js" */

/** Nobody answers. */
const NOBODY = { problem: "server.gone" };
/** Somebody answers, who would have had a place for this page. */
const BLOCKED = "socket.blocked";
const PATIENCE = 3000; // milliseconds for that answer

/**
 * Asks the socket's address without a handshake: what a handshake was answered a browser keeps to itself.
 * @param {string} url @param {typeof fetch} get
 * @returns {Promise<Problem|null>} null: nobody answers
 */
async function whyNot(url, get) {
  try {
    return /** @type {Problem} */ (
      await (await get(url.replace(/^ws/, "http"), { signal: AbortSignal.timeout(PATIENCE) })).json()
    );
  } catch {
    // no server, or another one
    return null;
  }
}

/** What the server has said of a close. @param {string} [text] @returns {Problem|null} */
function said(text) {
  try {
    return /** @type {Problem} */ (JSON.parse(text || "null"));
  } catch {
    // a word of somebody between
    return null;
  }
}

/**
 * @typedef {{code: number, proven: boolean}} Close proven: it had lived and delivered
 * @typedef {{opened: () => void, frame: (data: ArrayBuffer) => void, text: (text: string) => void, state: (connected:
 * boolean) => void, lost?: (why: Problem) => void,
 *   closed?: (close: Close) => void, long?: (bytes: number) => void}} On
 */

/**
 * @param {string} url @param {On} on
 * @param {{Socket?: typeof WebSocket, get?: typeof fetch, most?: number, now?: () => number, random?: () => number,
 * later?: (f: () => void, ms: number) => void, begun?: WebSocket}} [with_]
 * begun: a first socket that is on its way already; most: bytes of the longest message that the server reads; random:
 * spreads the tries of many pages
 */
export function connect(
  url,
  on,
  {
    Socket = WebSocket,
    begun: first,
    get = (...args) => fetch(...args),
    most = Infinity,
    now = () => performance.now(),
    random = () => 1,
    later = setTimeout,
  } = {},
) {
  /** @type {WebSocket} */
  let socket;
  let wait = FIRST;
  let largest = 0; // bytes of a message on this connection
  let lost = /** @type {Problem|null} */ (null); // why there is none
  let blocked = 0; // tries in a row that failed though there was a place
  const again = (/** @type {Problem|null} */ why) => {
    blocked = why?.problem === BLOCKED ? blocked + 1 : 0;
    if (blocked !== 1) {
      // once is chance: somebody has just left, or the server has just come
      lost = why ?? (lost?.problem === "server.stopped" ? lost : NOBODY);
      on.lost?.(lost);
    }
    later(() => open(), wait * (0.5 + random() / 2)); // many pages of one server do not come back at once
    wait = Math.min(wait * 2, MOST);
  };
  const open = (next = new Socket(url)) => {
    let [begun, last] = [NaN, NaN]; // when it opened, and delivered last
    socket = next;
    socket.binaryType = "arraybuffer";
    const opened = () => {
      [begun, largest, lost, blocked] = [now(), 0, null, 0];
      on.state(true);
      on.opened();
    };
    socket.onopen = opened;
    socket.onmessage = (event) => {
      if (typeof event.data === "string") return on.text(event.data);
      last = now();
      on.frame(event.data);
    };
    const closed = ({ code = GONE, reason = "" }) => {
      // One that opens and dies is not back yet: a page must not hammer a server that falls again and again.
      const proven = last >= begun && now() - begun >= PROOF;
      if (proven) wait = FIRST;
      on.state(false);
      if (code === TOO_LONG) on.long?.(largest);
      on.closed?.({ code, proven });
      if (Number.isNaN(begun)) whyNot(url, get).then(again);
      else again(said(reason));
    };
    socket.onclose = closed;
    // What one has come to before anybody listened is told when whoever connects knows the socket.
    if (socket.readyState === Socket.OPEN) queueMicrotask(opened);
    if (socket.readyState === Socket.CLOSED) queueMicrotask(() => closed({}));
  };
  open(first);
  return {
    /** Tells whether it went out; a message that would only end the connection does not. @param {object} command */
    send(command) {
      if (socket.readyState !== Socket.OPEN) return false;
      const text = JSON.stringify(command);
      const bytes = new TextEncoder().encode(text).length;
      if (bytes > most) {
        on.long?.(bytes);
        return false;
      }
      largest = Math.max(largest, bytes);
      socket.send(text);
      return true;
    },
  };
}
