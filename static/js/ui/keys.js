// What a press of a key means, on any layout, with any input method. Every
// listener for keys is made here, so that no press is taken that is not ours.

/** Keys that stand in one place on every layout, plain and with Shift. @type {Record<string, [string, string]>} */
const PLACES = { Period: [".", ">"], Comma: [",", "<"], Slash: ["/", "?"] };

/** Where arrows lead among cells: rows and columns further. */
export const ARROWS = /** @type {Record<string, [number, number]>} */ ({
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
});

/**
 * An input method takes this press: it composes, or it confirms. Safari ends a
 * composition before the press that confirms it, and tells it by the code 229 alone.
 * @param {KeyboardEvent} e
 */
export const composing = (e) => e.isComposing || e.keyCode === 229;

/** Ctrl, Meta and Alt are the browser's and the system's; AltGr writes a character. @param {KeyboardEvent} e */
const commanded = (e) => e.ctrlKey || e.metaKey || e.altKey || !!e.getModifierState?.("AltGraph");

/**
 * The name of the key, as help.run and its like list them; "" where the press is not ours.
 * A Latin letter and what stands in ASCII go by what they write, so that Dvorak and
 * AZERTY typists find them where they are printed. Where a layout writes something else
 * there (ы, ㄴ, 。), the key goes by its place. Shift alone makes a letter large.
 * @param {KeyboardEvent} e
 */
export function pressed(e) {
  if (composing(e) || commanded(e) || e.key === "Dead") return "";
  if (/^[A-Z][A-Za-z0-9]+$/.test(e.key)) return e.key; // a name: ArrowLeft, Enter, F1
  const key = e.key.normalize("NFKC"); // full-width letters and signs are the same
  if (/^[a-z]$/i.test(key)) return cased(key, e);
  if (/^[\x21-\x7e]$/.test(key) || /^\p{Script=Latin}/u.test(key)) return key;
  const letter = /^Key([A-Z])$/.exec(e.code)?.[1];
  return letter ? cased(letter, e) : (PLACES[e.code]?.[Number(e.shiftKey)] ?? key);
}

/** @param {string} letter @param {KeyboardEvent} e */
const cased = (letter, e) => (e.shiftKey ? letter.toUpperCase() : letter.toLowerCase());

/**
 * @param {EventTarget} target
 * @param {(key: string, e: KeyboardEvent) => void} press hears of what is ours
 * @param {boolean} [first] before what stands inside
 */
export function onKey(target, press, first = false) {
  const hear = (/** @type {Event} */ event) => {
    const e = /** @type {KeyboardEvent} */ (event);
    const key = pressed(e);
    if (key) press(key, e);
  };
  target.addEventListener("keydown", hear, first);
}

/**
 * Single keys, wherever nobody types or chooses and no dialog is open.
 * @param {(key: string) => boolean} press tells whether the key was taken
 */
export function onShortcut(press) {
  onKey(document, (key, e) => {
    if (document.documentElement.dataset.first) return; // a lesson has the whole page, and keys of its own
    if (typing(e.target) || document.querySelector("dialog[open]") || !keysOn()) return;
    if (press(key)) e.preventDefault();
  });
}

/** They can be switched off in the help dialog. */
const keysOn = () => /** @type {HTMLInputElement} */ (document.getElementById("keys-on")).checked;

/** Is the person typing or choosing, so that keys are theirs? @param {EventTarget|null} target */
const typing = (target) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName));

/**
 * The Enter that confirms a composition does not send the form either. What was
 * composed is in the field by then, so nothing else is lost with it.
 * @param {HTMLFormElement} form
 */
export function calmEnter(form) {
  form.addEventListener("keydown", (e) => {
    if (e.key === "Enter" && !e.isComposing && composing(e)) e.preventDefault();
  });
}
