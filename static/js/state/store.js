// One store: views read it, actions change it. A change is painted in the next
// animation frame, view by view in the order in which they subscribed; what a
// frame has no time for is painted in the next one.

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

/**
 * @template T
 * @param {T} initial
 * @param {(paint: () => void) => void} [schedule]
 * @param {() => number} [now]
 */
export function createStore(
  initial,
  schedule = (paint) => requestAnimationFrame(paint),
  now = () => performance.now(),
) {
  let state = initial;
  let waiting = false;
  /**
   * @type {{paint: (state: T, before: T) => void, painted: T, passed: number}[]} painted is the state that the view
   * shows
   */
  const views = [];
  const wait = () => {
    if (!waiting) schedule(slice);
    waiting = true;
  };
  /** @param {number} time milliseconds */
  const paint = (time) => {
    const [begun, shown] = [now(), state]; // a view may set another state: that is for the next frame
    const one = (/** @type {typeof views[0]} */ view) => {
      const before = view.painted;
      [view.painted, view.passed] = [shown, 0];
      view.paint(shown, before);
    };
    const late = [];
    for (const view of views) {
      if (view.painted === shown) continue;
      if (now() - begun < time) one(view);
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
    waiting = false;
    paint(TIME);
  };
  return {
    get: () => state,
    /** @param {Partial<T>} change */
    set(change) {
      state = { ...state, ...change };
      wait();
    },
    /** Paints now, all of it: what is on screen is then what the state says. */
    flush: () => paint(Infinity),
    /** Does every view show the state? */
    painted: () => views.every((view) => view.painted === state),
    /** @param {(state: T, before: T) => void} paint */
    subscribe(paint) {
      views.push({ paint, painted: initial, passed: 0 });
    },
  };
}
