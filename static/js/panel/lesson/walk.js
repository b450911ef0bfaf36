// A beat that is walked to: the run goes on by itself, step by step, to the moment of the beat, unless
// somebody does something.

/** @import { Actions, Play, State, Store } from "../../types.js" */

const PAUSE = 700; // milliseconds between steps

/** @param {Store} store @param {Actions} act */
export function createWalk(store, act) {
  let timer = /** @type {ReturnType<typeof setTimeout>|undefined} */ (undefined);
  let walking = ""; // the beat that is walked to
  let moves = 0; // as they were after the last step: what else moves the run ends the walk
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

  /** Is the run on its way to the beat? @param {Play} play @param {number} at the cursor's step */
  const on = (play, at) => walking === play.id && at < play.step && store.get().moves === moves;

  return {
    on,
    /** @param {Play} play @param {number} at @param {boolean} moved has the beat just begun? */
    goOn(play, at, moved) {
      clearTimeout(timer);
      if (moved) [walking, moves] = [play.play && at < play.step ? play.id : "", store.get().moves];
      if (!on(play, at)) return void (walking = "");
      if (calm()) return act.seek(play.step);
      timer = setTimeout(() => {
        if (!on(play, at)) return;
        act.send({ cmd: "forward", by: /** @type {"layer"|"token"} */ (play.play) });
        moves = store.get().moves;
      }, PAUSE);
    },
  };
}
