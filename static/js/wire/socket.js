// One websocket that comes back by itself.

/**
 * @param {string} url
 * @param {{opened: () => void, frame: (data: ArrayBuffer) => void, text: (text: string) => void, state: (connected: boolean) => void}} on
 * @param {typeof WebSocket} [Socket]
 * @returns {{send: (command: object) => boolean}}
 */
export function connect(url, on, Socket = WebSocket) {
  /** @type {WebSocket} */
  let socket;
  let wait = 250;
  const open = () => {
    socket = new Socket(url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      wait = 250;
      on.state(true);
      on.opened();
    };
    socket.onmessage = (event) => (typeof event.data === "string" ? on.text(event.data) : on.frame(event.data));
    socket.onclose = () => {
      on.state(false);
      setTimeout(open, wait);
      wait = Math.min(wait * 2, 5000);
    };
  };
  open();
  return {
    send(command) {
      if (socket.readyState !== Socket.OPEN) return false;
      socket.send(JSON.stringify(command));
      return true;
    },
  };
}
