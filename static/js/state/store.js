// One store: views read it, actions change it, and a change paints once per
// animation frame.

/**
 * @template T
 * @param {T} initial
 * @param {(paint: () => void) => void} [schedule]
 */
export function createStore(initial, schedule = (paint) => requestAnimationFrame(paint)) {
  let state = initial;
  let waiting = false;
  /** @type {((state: T, before: T) => void)[]} */
  const views = [];
  let painted = initial;
  const paint = () => {
    waiting = false;
    const before = painted;
    painted = state;
    for (const view of views) view(state, before);
  };
  return {
    get: () => state,
    /** @param {Partial<T>} change */
    set(change) {
      state = { ...state, ...change };
      if (!waiting) {
        waiting = true;
        schedule(paint);
      }
    },
    /** Paints now: what is on screen is then what the state says. */
    flush: paint,
    /** @param {(state: T, before: T) => void} view */
    subscribe(view) {
      views.push(view);
    },
  };
}
