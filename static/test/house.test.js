import test from "node:test";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

// Imports go down: what a panel has is its own, what several need stands below them.
const FLOORS = [
  ["text.js", "format.js", "scale/", "wire/"],
  ["state/", "facts/"],
  ["ui/", "actions.js"],
  ["panel/", "handout/"],
  ["main.js", "later.js", "handout.js", "paper.js", "plots.js", "early.js"],
];

const root = new URL("../js/", import.meta.url).pathname;
const files = readdirSync(root, { recursive: true })
  .map(String)
  .filter((file) => file.endsWith(".js"));

/** Modules that a module imports, not for their types alone. @param {string} file */
function imports(file) {
  const source = readFileSync(root + file, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
  return [...source.matchAll(/from "(\.[^"]+)"/g)].map(([, to]) => path.join(path.dirname(file), to));
}

/** @param {string} file */
const floor = (file) => FLOORS.findIndex((names) => names.some((name) => file === name || file.startsWith(name)));

/** The panel that a module belongs to, "" for none. @param {string} file */
const panelOf = (file) => /^panel\/([^/]+)\//.exec(file)?.[1] ?? "";

test("every module stands on a floor, and imports go down", () => {
  assert.ok(files.length > 100);
  for (const file of files) {
    assert.ok(floor(file) >= 0, `${file} stands on no floor`);
    for (const to of imports(file)) {
      assert.ok(files.includes(to), `${file} imports ${to}`);
      assert.ok(floor(to) <= floor(file), `${file} imports ${to}, which stands above it`);
    }
  }
});

test("no panel imports from another", () => {
  for (const file of files.filter(panelOf))
    for (const to of imports(file))
      assert.ok(!panelOf(to) || panelOf(to) === panelOf(file), `${file} imports ${to}: move it to ui/ or to facts/`);
});

test("every folder of panel/ is in the list, and painted", () => {
  const listed = ["panel/panels.js", "panel/later.js"].flatMap(imports).map(panelOf);
  const folders = readdirSync(root + "panel", { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.deepEqual(listed.toSorted(), folders.map((entry) => entry.name).toSorted());
  const names = ["panels.js", "later.js"].flatMap((file) =>
    /panels = \[([^\]]*)\]/.exec(readFileSync(`${root}panel/${file}`, "utf8"))[1].split(","),
  );
  assert.equal(names.filter((name) => name.trim()).length, listed.length);
});

test("facts know no element", () => {
  for (const file of files.filter((name) => /^(facts|wire|scale)\//.test(name)))
    assert.doesNotMatch(readFileSync(root + file, "utf8"), /\bdocument\.|querySelector|\bHTML\w+/, file);
});

const sheetsOf = () =>
  readdirSync(root, { recursive: true })
    .map(String)
    .filter((file) => file.endsWith(".css"));

// A browser styles all of the page again whenever something comes or goes that such a rule might ask about.
test("no rule asks what is anywhere in the page", () => {
  for (const sheet of sheetsOf())
    assert.doesNotMatch(readFileSync(root + sheet, "utf8"), /(:root|html|body|main|\*|\.view|[\s,{}]):has\(/, sheet);
});

test("no class is styled by two panels, each in its own way", () => {
  const sheets = sheetsOf();
  const classes = (/** @type {string} */ sheet) =>
    new Set(
      readFileSync(root + sheet, "utf8")
        .replace(/\/\*[\s\S]*?\*\//g, "")
        .split(/[{},]/)
        .flatMap((selector) => /^\s*\.([\w-]+)/.exec(selector)?.[1] ?? []),
    );
  const shared = new Set(sheets.filter((sheet) => sheet.startsWith("ui/")).flatMap((sheet) => [...classes(sheet)]));
  /** @type {Map<string, string>} */
  const owner = new Map();
  for (const sheet of sheets.filter(panelOf))
    for (const name of classes(sheet)) {
      if (shared.has(name)) continue; // a panel's variant of what ui/ has
      const other = owner.get(name) ?? panelOf(sheet);
      assert.equal(other, panelOf(sheet), `.${name}: name it by its panel, or move it to ui/`);
      owner.set(name, panelOf(sheet));
    }
});
