import { test } from "node:test";
import assert from "node:assert/strict";
import { connect, GONE, PROOF, TOO_LONG } from "../js/wire/socket.js";
import { createOpening, same } from "../js/state/opening.js";
import { broken } from "../js/actions.js";

/** A server, a clock and a connection to it, worked by hand. */
function world({ most = 1000, random = () => 1, get = () => Promise.reject(new Error("nobody")), ...on } = {}) {
  const w = { now: 0, waits: [], sockets: [], sent: [], long: [], closed: [], states: [], lost: [], asked: [] };
  class Socket {
    static OPEN = 1;
    readyState = 0;
    constructor() {
      w.sockets.push(this);
    }
    send(text) {
      w.sent.push(JSON.parse(text));
    }
  }
  const last = () => w.sockets.at(-1);
  w.open = () => ((last().readyState = 1), last().onopen());
  w.frame = () => last().onmessage({ data: new ArrayBuffer(1) });
  w.text = (text) => last().onmessage({ data: text });
  w.close = (code, reason = "") => ((last().readyState = 3), last().onclose({ code, reason }));
  w.again = () => w.waits.at(-1).f();
  w.socket = connect(
    "ws://x/live",
    {
      opened() {},
      frame() {},
      text() {},
      state: (s) => w.states.push(s),
      closed: (c) => w.closed.push(c),
      lost: (why) => w.lost.push(why.problem),
      long: (n) => w.long.push(n),
      ...on,
    },
    {
      Socket: /** @type {any} */ (Socket),
      get: (url) => (w.asked.push(url), get(url)),
      most,
      now: () => w.now,
      random,
      later: (f, ms) => w.waits.push({ f, ms }),
    },
  );
  return w;
}

test("a server that opens and dies is asked ever more seldom, up to a ceiling", () => {
  const w = world();
  for (let i = 0; i < 12; i++) {
    w.open();
    w.frame();
    w.now += 10; // it delivers, and dies at once
    w.close(GONE);
    w.again();
  }
  const waits = w.waits.map((x) => x.ms);
  assert.deepEqual(waits.slice(0, 5), [250, 500, 1000, 2000, 4000]);
  assert.ok(
    waits.slice(5).every((ms) => ms === 5000),
    waits.join(),
  );
  assert.ok(w.closed.every((c) => !c.proven));
});

test("only a connection that lived and delivered is forgotten", () => {
  const w = world();
  const round = (delivers, lives) => {
    w.open();
    if (delivers) w.frame();
    w.now += lives;
    w.close(GONE);
    w.again();
    return w.waits.at(-1).ms;
  };
  round(true, 1);
  assert.equal(round(true, 1), 500);
  assert.equal(round(false, 10 * PROOF), 1000, "it lived and said nothing");
  assert.equal(round(true, PROOF - 1), 2000, "it said something and died");
  assert.equal(round(true, PROOF), 250);
});

/** Lets answers arrive. */
const soon = () => new Promise((go) => setTimeout(go));

test("pages do not come back together", async () => {
  const worlds = [0, 0.5, 1].map((r) => world({ random: () => r }));
  for (const w of worlds) w.close(GONE);
  await soon();
  assert.deepEqual(
    worlds.map((w) => w.waits[0].ms),
    [125, 187.5, 250],
  );
});

const json = (/** @type {object} */ answer) => Promise.resolve({ json: () => Promise.resolve(answer) });
const blocked = { problem: "socket.blocked", args: {} };

test("a socket that does not open is asked for by its address, and the server's word is told", async () => {
  let answer = { problem: "viewers.full", args: { Most: 64 } };
  const w = world({ get: () => json(answer) });
  const fails = async () => {
    w.close(GONE);
    await soon();
    w.again();
  };
  for (let i = 0; i < 6; i++) await fails();
  assert.deepEqual(w.lost, Array(6).fill("viewers.full"));
  assert.deepEqual(w.asked, Array(6).fill("http://x/live"));
  assert.deepEqual(
    w.waits.map((x) => x.ms),
    [250, 500, 1000, 2000, 4000, 5000],
  );
  answer = blocked; // somebody has left just now
  await fails();
  assert.equal(w.lost.length, 6);
  await fails();
  assert.equal(w.lost.at(-1), "socket.blocked");
  w.open();
  w.close(GONE);
  assert.deepEqual(w.lost.slice(6), ["socket.blocked", "server.gone"]);
  assert.equal(w.asked.length, 8, "one that had opened is not asked why");
});

test("a server that said it stops has stopped, until another answers", async () => {
  let get = () => Promise.reject(new Error("nobody"));
  const w = world({ get: () => get() });
  w.open();
  w.close(1001, '{"problem":"server.stopped","args":{}}');
  w.again();
  w.close(GONE);
  await soon();
  assert.deepEqual(w.lost, ["server.stopped", "server.stopped"]);
  w.again();
  get = () => json({ problem: "viewers.full", args: { Most: 1 } });
  w.close(GONE);
  await soon();
  w.again();
  get = () => Promise.resolve({ json: () => Promise.reject(new SyntaxError("a proxy's page")) });
  w.close(GONE);
  await soon();
  assert.deepEqual(w.lost.slice(2), ["viewers.full", "server.gone"]);
  w.again();
  w.open();
  w.close(1001, "no JSON"); // of somebody between
  assert.equal(w.lost.at(-1), "server.gone");
});

test("a message that is too long is not sent, and one that a server refused is told", () => {
  const w = world({ most: 40 });
  w.open();
  assert.equal(w.socket.send({ cmd: "x", text: "字".repeat(20) }), false); // 60 bytes in 20 letters
  assert.equal(w.sent.length, 0);
  assert.ok(w.long[0] > 60);
  assert.equal(w.socket.send({ cmd: "seek", step: 1 }), true);
  w.close(TOO_LONG);
  assert.equal(w.long.length, 2);
  assert.equal(w.long[1], '{"cmd":"seek","step":1}'.length);
});

/** A storage as a tab has it. */
function tab() {
  const kept = new Map();
  return { getItem: (k) => kept.get(k) ?? null, setItem: (k, v) => void kept.set(k, v) };
}

/** Openings of one tab: each load is a page. */
function loads(storage = tab()) {
  const w = { now: 0, sent: [], held: null };
  w.load = () => {
    w.held = null;
    w.it = createOpening(
      (c) => (w.sent.push(c), w.works ?? true),
      (h) => (w.held = h),
      storage,
      () => w.now,
    );
    return w.it;
  };
  w.load();
  w.dies = (link) => (w.it.opened(link), w.it.closed({ code: GONE, proven: false }));
  w.links = () => w.sent.map((c) => c.link);
  return w;
}

test("links are the same in any order and language", () => {
  assert.equal(same("?a=1&b=2&lang=zh"), same("b=2&a=1"));
  assert.notEqual(same("?a=1"), same("?a=2"));
});

test("a link that has ended its server twice is sent no third time, whatever happens", () => {
  const w = loads();
  for (let i = 0; i < 39; i++) w.dies("?bad=1");
  assert.deepEqual(w.links(), ["?bad=1", "?bad=1"]);
  assert.equal(w.held.why, "lost");
  assert.ok(w.it.waits() && w.it.holds("?lang=zh&bad=1"));
  w.load().opened("?bad=1"); // the page is loaded again
  assert.deepEqual(w.links(), ["?bad=1", "?bad=1"]);
  assert.ok(w.it.waits());
});

test("a reload between two deaths counts on", () => {
  const w = loads();
  w.dies("?bad=1");
  w.load();
  w.dies("?bad=1");
  w.load().opened("?bad=1");
  assert.equal(w.sent.length, 2);
  assert.equal(w.held.why, "lost");
});

test("a server that is stopped, or dies of something else, is not held against the link", () => {
  const w = loads();
  for (let i = 0; i < 5; i++) {
    w.it.opened("?a=1");
    w.it.frame(false);
    w.it.closed({ code: 1001, proven: false }); // it said goodbye
  }
  for (let i = 0; i < 5; i++) {
    w.it.opened("?a=1");
    w.it.frame(false);
    w.it.closed({ code: GONE, proven: true }); // it had long been fine
  }
  w.dies("?a=1");
  w.it.opened("?a=1");
  w.it.frame(false);
  w.now += PROOF;
  w.it.frame(false); // fine again, and the page is loaded anew
  w.load();
  w.dies("?a=1");
  assert.equal(w.held, null);
  assert.equal(w.sent.length, 13);
});

test("again is one more try, the default run is another link, and both are the person's", () => {
  const w = loads();
  w.dies("?bad=1");
  w.dies("?bad=1");
  w.it.again(); // the server is still gone
  assert.equal(w.sent.length, 2);
  w.dies("?bad=1");
  assert.equal(w.sent.length, 3);
  assert.equal(w.held.why, "lost");
  w.it.opened("?bad=1");
  w.it.fresh();
  assert.equal(w.sent.at(-1).link, "?show=history");
  assert.equal(w.held, null);
  w.it.closed({ code: 1001, proven: false });
  w.it.opened("?bad=1"); // what the page still shows: there was no frame yet
  assert.equal(w.sent.at(-1).link, "?show=history");
});

test("a fault of kvstep is told, and neither its link nor what led to it is opened again", () => {
  const w = loads();
  w.it.opened("?bad=1&x=2&lang=en");
  w.it.frame(true); // on its way
  w.it.panic({ Where: "room", Recipe: "bad=1&step=7" });
  assert.deepEqual(w.held, { why: "panic", link: "?bad=1&step=7", where: "room", waits: false });
  assert.ok(w.it.holds("?bad=1&step=7") && w.it.holds("?x=2&bad=1"));
  w.it.frame(false); // the room goes on with its default
  w.it.closed({ code: GONE, proven: true });
  assert.equal(w.held.why, "panic", "it can still be read");
  w.it.opened("?default=1");
  assert.equal(w.sent.at(-1).link, "?default=1");
  w.load().opened("?bad=1&x=2");
  assert.equal(w.sent.at(-1).link, "?default=1");
  assert.ok(w.it.waits());
});

test("a fault later on leaves the link that had led somewhere", () => {
  const w = loads();
  w.it.opened("?good=1");
  w.it.frame(false);
  w.it.panic({ Where: "frame", Recipe: "?good=1&pick=9" });
  assert.ok(!w.it.holds("?good=1"));
});

test("a link that is too long is not sent a second time", () => {
  const w = loads();
  w.works = false;
  w.it.opened("?long=1");
  assert.equal(w.held.why, "long");
  w.it.opened("?long=1");
  assert.equal(w.sent.length, 1);
  const v = loads();
  v.it.opened("?long=1");
  v.it.closed({ code: TOO_LONG, proven: false });
  v.it.opened("?long=1");
  assert.equal(v.sent.length, 1);
  assert.equal(v.held.why, "long");
});

test("another run may be asked for while a link waits", () => {
  const w = loads();
  w.dies("?bad=1");
  w.dies("?bad=1");
  w.it.opened("?bad=1");
  w.it.leave();
  assert.ok(!w.it.waits() && w.it.holds("?bad=1"));
});

test("storage that refuses or holds nonsense costs the memory alone", () => {
  for (const getItem of [
    () => {
      throw new Error("no");
    },
    () => "{",
    () => '{"held":3}',
    () => "null",
  ]) {
    const w = loads({
      getItem,
      setItem() {
        throw new Error("full");
      },
    });
    w.dies("?bad=1");
    w.dies("?bad=1");
    w.it.opened("?bad=1");
    assert.equal(w.sent.length, 2);
  }
});

test("a fault is told from an ordinary refusal", () => {
  assert.deepEqual(broken('{"problem":"panic","args":{"Where":"room","Recipe":"?a"}}'), {
    Where: "room",
    Recipe: "?a",
  });
  assert.deepEqual(broken('{"problem":"panic"}'), {});
  for (const text of ['{"problem":"prompt.empty"}', '{"loading":{}}', "{", "null"]) assert.equal(broken(text), null);
});

test("a socket that began before anybody listened is taken over as it is", async () => {
  const begin = (/** @type {number} */ readyState) => {
    class Socket {
      static OPEN = 1;
      static CLOSED = 3;
      readyState = 0;
    }
    const first = Object.assign(new Socket(), { readyState });
    const said = /** @type {string[]} */ ([]);
    connect(
      "ws://x/live",
      {
        opened: () => said.push("opened"),
        frame() {},
        text() {},
        state() {},
        closed: ({ code }) => said.push("closed " + code),
      },
      {
        Socket: /** @type {any} */ (Socket),
        begun: /** @type {any} */ (first),
        get: async () => Promise.reject(new Error("nobody")),
        later: () => {},
      },
    );
    return { said, first: /** @type {any} */ (first) };
  };
  const [waits, open, gone] = [begin(0), begin(1), begin(3)];
  assert.deepEqual([...waits.said, ...open.said, ...gone.said], [], "told before whoever connects has the answer");
  await null;
  assert.deepEqual([waits.said, open.said, gone.said], [[], ["opened"], [`closed ${GONE}`]]);
  waits.first.onopen();
  assert.deepEqual(waits.said, ["opened"], "once");
});
