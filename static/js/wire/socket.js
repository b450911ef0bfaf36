// One websocket that comes back by itself, sooner where it has proved good.

const FIRST = 250; // milliseconds before the first try
const MOST = 5000; // before any other
export const PROOF = 4000; // that a connection must live, and deliver, to be a good one

/** Closed because a message was longer than the server reads. */
export const TOO_LONG = 1009;
/** Closed without a word: the server, or the way to it, is gone. */
export const GONE = 1006;

/**
 * @typedef {{code: number, proven: boolean}} Close proven: it had lived and delivered
 * @typedef {{opened: () => void, frame: (data: ArrayBuffer) => void, text: (text: string) => void, state: (connected:
 * boolean) => void,
 *   closed?: (close: Close) => void, long?: (bytes: number) => void}} On
 */

/**
 * @param {string} url @param {On} on
 * @param {{Socket?: typeof WebSocket, most?: number, now?: () => number, random?: () => number, later?: (f: () => void,
 * ms: number) => void, begun?: WebSocket}} [with_]
 * begun: a first socket that is on its way already; most: bytes of the longest message that the server reads; random:
 * spreads the tries of many pages
 */
export function connect(
  url,
  on,
  {
    Socket = WebSocket,
    begun: first,
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
  const open = (next = new Socket(url)) => {
    let [begun, last] = [NaN, NaN]; // when it opened, and delivered last
    socket = next;
    socket.binaryType = "arraybuffer";
    const opened = () => {
      [begun, largest] = [now(), 0];
      on.state(true);
      on.opened();
    };
    socket.onopen = opened;
    socket.onmessage = (event) => {
      if (typeof event.data === "string") return on.text(event.data);
      last = now();
      on.frame(event.data);
    };
    const closed = ({ code = GONE }) => {
      // One that opens and dies is not back yet: a page must not hammer a server that falls again and again.
      const proven = last >= begun && now() - begun >= PROOF;
      if (proven) wait = FIRST;
      on.state(false);
      if (code === TOO_LONG) on.long?.(largest);
      on.closed?.({ code, proven });
      later(() => open(), wait * (0.5 + random() / 2)); // many pages of one server do not come back at once
      wait = Math.min(wait * 2, MOST);
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
