// Renames every field of the generated types, as if it had another name in Go, and tells
// which the compiler does not miss: node .ci/rename.mjs (minutes; figures in docs/architecture.md).

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const here = path.dirname(new URL(import.meta.url).pathname);
const copy = mkdtempSync(path.join(tmpdir(), "kvstep-rename-"));
cpSync(path.join(here, "../static/js"), path.join(copy, "js"), { recursive: true });
cpSync(path.join(here, "../static/test/tsconfig.json"), path.join(copy, "test/tsconfig.json"));
symlinkSync(path.join(here, "../static/test/node_modules"), path.join(copy, "test/node_modules"));

/** What the compiler says; "" where it is content. */
function compile() {
  const run = spawnSync("node_modules/.bin/tsc", ["-p", "."], { cwd: path.join(copy, "test"), encoding: "utf8" });
  return run.status === 0 ? "" : run.stdout + run.stderr;
}

/** Lines of a declaration that are fields, by their type. @param {string[]} lines */
function fields(lines) {
  /** @type {Record<string, {at: number, name: string}[]>} */
  const found = {};
  let type = "";
  lines.forEach((line, at) => {
    type = /^export (?:interface|type) (\w+)/.exec(line)?.[1] ?? type;
    const name = /^ {2}"?([\w.]+)"?\??: /.exec(line)?.[1];
    if (name) (found[type] ??= []).push({ at, name });
  });
  return found;
}

let [all, missed] = [0, 0];
try {
  if (compile()) throw new Error("it does not compile as it is");
  for (const file of ["frame.d.ts", "answers.d.ts"]) {
    const to = path.join(copy, "js/wire", file);
    const source = readFileSync(to, "utf8");
    const lines = source.split("\n");
    /** @param {{at: number, name: string}[]} some */
    const renamed = (some) => {
      const out = [...lines];
      for (const { at, name } of some) out[at] = out[at].replace(name, `${name}_renamed`);
      writeFileSync(to, out.join("\n"));
      return compile();
    };
    for (const [type, own] of Object.entries(fields(lines))) {
      // All of a type at once: whose absence is told by name need not be tried alone.
      const said = renamed(own);
      const told = (/** @type {string} */ name) =>
        new RegExp(`Property '"?${name}"?' does not exist on type '[^']*\\b${type}\\b`).test(said);
      for (const field of own) {
        all++;
        if (told(field.name) || renamed([field])) continue;
        missed++;
        console.log(`${type}.${field.name}`);
      }
    }
    writeFileSync(to, source);
  }
} finally {
  rmSync(copy, { recursive: true });
}
console.log(`${all} fields, ${missed} of them not missed`);
