// A panel that some runs have and others have not. Where the run has it, it is
// open at first; what it shows travels only while it is open.

/** @import { State } from "../types.js" */

/**
 * @param {HTMLDetailsElement} root @param {string} name of the panel in the viewer's list
 * @param {{show: (open: string[], close?: string[]) => void}} act
 */
export function createOptional(root, name, act) {
  let show = /** @type {string[]|null} */ (null); // what the link has open comes with the first frame
  const ask = () => {
    const open = root.open && !root.hidden;
    if (show && open !== show.includes(name)) act.show(open ? [name] : [], open ? [] : [name]);
  };
  root.addEventListener("toggle", (e) => e.target === root && ask());
  /** Has the run this panel, and is it open? @param {State} state @param {boolean} has */
  return function view(state, has) {
    root.hidden = !has;
    show = state.recorded || !state.frame ? null : state.show;
    ask();
    return has && root.open;
  };
}
