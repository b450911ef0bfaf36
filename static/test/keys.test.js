import { test } from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { calmEnter, composing, onKey, pressed } from "../js/ui/keys.js";

/** @param {string} key @param {string} code @param {object} [more] */
const press = (key, code, more = {}) =>
  /** @type {any} */ ({ key, code, shiftKey: false, keyCode: 0, getModifierState: () => false, ...more });
const shift = { shiftKey: true };

test("a letter goes by what it writes, whose case is Shift's alone", () => {
  assert.equal(pressed(press("s", "KeyS")), "s");
  assert.equal(pressed(press("S", "KeyS", shift)), "S");
  assert.equal(pressed(press("S", "KeyS")), "s", "Caps Lock");
  assert.equal(pressed(press("s", "KeyS", shift)), "S", "Caps Lock and Shift");
  assert.equal(pressed(press("s", "Semicolon")), "s", "Dvorak");
  assert.equal(pressed(press("q", "KeyA")), "q", "AZERTY");
  assert.equal(pressed(press(",", "KeyM")), ",", "AZERTY has the comma where QWERTY has m");
  assert.equal(pressed(press(".", "KeyE")), ".", "Dvorak has the full stop where QWERTY has e");
  assert.equal(pressed(press("s", "")), "s", "a keyboard on a screen has no places");
});

test("other scripts go by the place of the key", () => {
  for (const [key, code, want, more] of [
    ["ы", "KeyS", "s"],
    ["Ы", "KeyS", "S", shift],
    ["Ы", "KeyS", "s"],
    ["е", "KeyT", "t"],
    ["ю", "Period", "."],
    ["б", "Comma", ","],
    ["ㄴ", "KeyS", "s"],
    ["ㅆ", "KeyT", "T", shift],
    ["σ", "KeyS", "s"],
    ["ד", "KeyS", "s"],
    ["لا", "KeyB", "b"],
    ["ץ", "Period", "."],
    ["。", "Period", "."],
    ["，", "Comma", ","],
    ["？", "Slash", "?", shift],
    ["？", "", "?"],
    ["؟", "Slash", "?", shift],
    ["ｓ", "KeyS", "s"],
    ["Ｓ", "KeyS", "s"],
  ])
    assert.equal(pressed(press(key, code, more)), want, key);
});

test("letters that a Latin layout adds are no shortcuts", () => {
  for (const [key, code] of [
    ["ğ", "KeyE"],
    ["ı", "KeyR"],
    ["ø", "Semicolon"],
    ["é", "Digit2"],
    ["《", "Comma"],
  ]) {
    const name = pressed(press(key, code, key === "《" ? shift : {}));
    assert.ok(!/^[a-z.,?]$/i.test(name), `${key} is ${name}`);
  }
});

test("keys with names keep them", () => {
  for (const name of ["ArrowLeft", "Enter", "Escape", "PageUp", "Home", "Backspace"])
    assert.equal(pressed(press(name, name)), name);
});

test("what belongs to the system, the browser or an input method is not ours", () => {
  for (const more of [
    { ctrlKey: true },
    { metaKey: true },
    { altKey: true },
    { getModifierState: (m) => m === "AltGraph" },
    { isComposing: true },
    { keyCode: 229 },
  ])
    assert.equal(pressed(press("s", "KeyS", more)), "", JSON.stringify(more));
  assert.equal(pressed(press("Dead", "Quote")), "");
  assert.equal(pressed(press("Process", "KeyS", { keyCode: 229 })), "");
  for (const confirm of [{ isComposing: true }, { keyCode: 229 }]) {
    assert.ok(composing(press("Enter", "Enter", confirm)));
    assert.equal(pressed(press("Enter", "Enter", confirm)), "");
  }
});

test("a listener hears of what is ours only", () => {
  const target = new EventTarget();
  const heard = [];
  onKey(target, (key) => heard.push(key));
  for (const p of [
    press("Enter", "Enter", { keyCode: 229 }),
    press("Enter", "Enter", { keyCode: 13 }),
    press("л", "KeyK"),
  ])
    target.dispatchEvent(Object.assign(new Event("keydown"), p));
  assert.deepEqual(heard, ["Enter", "k"]);
});

test("the Enter that confirms in Safari sends no form; the one that composes is left to the input method", () => {
  const form = /** @type {any} */ (new EventTarget());
  calmEnter(form);
  const stopped = (more) => {
    const e = Object.assign(new Event("keydown", { cancelable: true }), { key: "Enter", isComposing: false, ...more });
    form.dispatchEvent(e);
    return e.defaultPrevented;
  };
  assert.equal(stopped({ keyCode: 229 }), true);
  assert.equal(stopped({ keyCode: 229, isComposing: true }), false);
  assert.equal(stopped({ keyCode: 13 }), false);
});

test("nobody listens for keys but the module of keys", () => {
  const root = new URL("../js/", import.meta.url);
  for (const name of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".js") || name === "ui/keys.js") continue;
    assert.doesNotMatch(
      readFileSync(new URL(name, root), "utf8"),
      /["'](keydown|keyup|keypress)["']|onkey(down|up|press)|\be(vent)?\.(key|code|keyCode)\b/,
      name,
    );
  }
});
