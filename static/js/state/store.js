// One store: views read it, actions change it. A change is painted in the next
// animation frame, view by view in the order in which they subscribed; what a
// frame has no time for is painted in the next one. What somebody waits for is
// painted ahead, in tasks as short as those frames: at the screen's next refresh
// all of it that is in sight is there, and the browser has only to draw it; what lies
// beyond the window's edges has the frame after that.

const TIME = 8; // milliseconds that painting may take of one frame, the last view's own not counted
const PATIENCE = 4; // frames that a view is passed over in before it is painted whatever the time

/**
 * Views that change in the same frame, such as a cursor and the picture of what it stands at.
 * @template T
 * @param {((state: T, before: T) => void)[]} views
 * @returns {(state: T, before: T) => void}
 */
export const paintTogether =
  (...views) =>
  (state, before) =>
    views.forEach((view) => view(state, before));

/** Runs something in a task of its own, as soon as others are through. @param {() => void} run */
function task(run) {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    run();
  };
  port2.postMessage(0);
}

/**
 * @template T
 * @param {T} initial
 * @param {(paint: () => void) => void} [schedule] for the next animation frame
 * @param {() => number} [now]
 * @param {(paint: () => void) => void} [soon] before that
 */
export function createStore(
  initial,
  schedule = (paint) => requestAnimationFrame(paint),
  now = () => performance.now(),
  soon = task,
) {
  let state = initial;
  let waiting = false;
  let busy = false; // is there a task that paints ahead?
  let ahead = /** @type {T|null} */ (null); // the state that is painted before the next frame
  /**
   * @type {{paint: (state: T, before: T) => void, away: () => boolean, painted: T, passed: number}[]} painted is the
   * state that the view shows
   */
  const views = [];
  const wait = () => {
    if (!waiting) schedule(slice);
    waiting = true;
  };
  /** @param {number} time milliseconds @param {boolean} [waited] does somebody wait for what is in sight? */
  const paint = (time, waited = false) => {
    const [begun, shown] = [now(), state]; // a view may set another state: that is for the next frame
    const one = (/** @type {typeof views[0]} */ view) => {
      const before = view.painted;
      [view.painted, view.passed] = [shown, 0];
      view.paint(shown, before);
    };
    const late = [];
    for (const view of views) {
      if (view.painted === shown) continue;
      if (now() - begun < time && !(waited && view.away())) one(view);
      else if (++view.passed) late.push(view);
    }
    if (!late.length) return;
    // Each frame may bring another state, and the first views use up the time: one of the others has its turn.
    const first = late.reduce((a, b) => (b.passed > a.passed ? b : a));
    if (first.passed > PATIENCE) one(first);
    wait();
  };
  const slice = () => {
    // whatever a scheduler passes: an animation frame passes a time
    const waited = ahead;
    [waiting, ahead] = [false, null];
    // What is left of that goes on in tasks: with the drawing of a frame in one, the page would stand still for longer.
    if (waited && !seen()) hurry();
    else paint(TIME, !!waited);
  };
  const hurry = () => {
    if (ahead) return;
    ahead = state;
    if (!busy) soon(early);
    busy = true;
    wait(); // for the frame that ends it
  };
  /** Does all that is in sight show the state? */
  const seen = () => views.every((view) => view.painted === state || view.away());
  const painted = () => views.every((view) => view.painted === state);
  const early = () => {
    busy = ahead === state && !seen(); // else the frame has come, or something newer, which has its turn after that
    if (!busy) return;
    paint(TIME, true);
    soon(early);
  };
  return {
    get: () => state,
    /** @param {Partial<T>} change */
    set(change) {
      state = { ...state, ...change };
      wait();
    },
    /** Begins to paint before the next frame, one state for each: more of them nobody would see. */
    hurry,
    /** Paints now, all of it: what is on screen is then what the state says. */
    flush: () => paint(Infinity),
    /** Does every view show the state? */
    painted,
    /** @param {(state: T, before: T) => void} paint @param {() => boolean} [away] does nobody see it? */
    subscribe(paint, away = () => false) {
      views.push({ paint, away, painted: initial, passed: 0 });
    },
  };
}
