// Panels that ask for data of their own only while they are open.

/** @import { State } from "../types.js" */

/**
 * Ties a <details> to the viewer's list of open panels.
 * @param {HTMLDetailsElement} root @param {string} name
 * @param {{show: (open: string[], close?: string[]) => void}} act
 * @param {string[]} [also] what closes with it
 */
export function createOpen(root, name, act, also = []) {
  const first = root.open; // as the server wrote it
  let known = false; // what the link says comes with the first frame
  root.addEventListener("toggle", (e) => {
    if (e.target !== root || !known) return;
    if (root.open) act.show([name]);
    else act.show([], [name, ...also]);
  });
  /** Opens what the link has open. @param {State} state */
  return function view({ show }) {
    if (known || !show) return;
    known = true;
    if (root.open === first) root.open = show.includes(name);
    else if (root.open)
      act.show([name]); // opened or closed before the first frame came
    else act.show([], [name, ...also]);
  };
}

/**
 * Reads an output aloud while its widget has the focus; at other times it
 * changes with every step, and the sentence is what speaks.
 * @param {EventTarget} widget @param {Element} output
 */
export function speakWhileFocused(widget, output) {
  widget.addEventListener("focusin", () => output.setAttribute("aria-live", "polite"));
  widget.addEventListener("focusout", () => output.setAttribute("aria-live", "off"));
}

/**
 * Radio buttons whose choice is one of the names of the list, or none of them.
 * @param {HTMLElement} root @param {string} group name of the inputs
 * @param {Record<string, string>} names of the list, by value; a value that is missing stands for none
 * @param {{show: (open: string[], close?: string[]) => void}} act
 */
export function createChoice(root, group, names, act) {
  root.addEventListener("change", (e) => {
    const input = /** @type {HTMLInputElement} */ (e.target);
    if (input.name !== group) return;
    const open = names[input.value];
    act.show(
      open ? [open] : [],
      Object.values(names).filter((x) => x !== open),
    );
  });
  /** @param {State} state */
  return function view({ show }) {
    for (const input of root.querySelectorAll(`input[name="${group}"]`)) {
      const { value } = /** @type {HTMLInputElement} */ (input);
      const name = names[value];
      const chosen = name ? show?.includes(name) : !Object.values(names).some((x) => show?.includes(x));
      if (chosen) /** @type {HTMLInputElement} */ (input).checked = true;
    }
  };
}
