import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { name, tree } from "../js/panel/branches/index.js";
import { parted } from "../js/panel/branches/compare.js";
import { translator } from "../js/text.js";
import { frame } from "./frames.js";

const text = (lang) =>
  translator(JSON.parse(readFileSync(new URL(`../../web/text/${lang}.json`, import.meta.url), "utf8")), lang);

test("each run stands under the one that it comes from, later forks first", () => {
  const b = (id, parent, from) => ({ id, parent, from, step: 0, text: "", tokens: 9, bytes: 0 });
  const rows = tree([b(1, undefined, 0), b(2, 1, 3), b(3, 2, 5), b(4, 1, 6), b(5, undefined, 0)]);
  assert.deepEqual(
    rows.map((r) => [r.branch.id, r.depth, r.up]),
    [
      [1, 0, 0],
      [4, 1, 1],
      [2, 1, 2],
      [3, 2, 1],
      [5, 0, 0],
    ],
  );
});

test("a run is named by how it came about, and the two compared by where they part", () => {
  const f = frame("branches");
  const { list, compare } = f.meta.branches;
  const t = text("en");
  assert.equal(name(list[0], t), "the first");
  const none = { ...list[1], parent: undefined, cache: undefined };
  assert.equal(name({ ...none, id: 1 }, t), t("branch.first"));
  assert.equal(name({ ...none, id: 4 }, t), t("branch.orphan"));
  assert.equal(name({ id: 4 }, t), "", "what there was no room to tell is not made up");
  assert.equal(name(list[2], t), `“${list[2].token}” instead of “${list[2].instead}”`);
  assert.equal(name({ ...list[1], cache: "int8:token:16" }, t), "cache: int8 per token");
  const said = parted(f, t);
  assert.ok(
    said.includes(`After ${compare.same} generated token`) &&
      said.includes(compare.fork[0].label) &&
      said.includes(compare.fork[1].label),
    said,
  );
  assert.ok(parted(f, text("zh")).includes(compare.fork[1].label));
});
