import { test } from "node:test";
import assert from "node:assert/strict";
import { read, write } from "../js/panel/recipe/fields.js";

/** A field as the page has it, without a page. */
const field = (path, value, more = {}) => {
  const { dataset = {}, ...rest } = more;
  return { dataset: { path, ...dataset }, value, type: "number", min: "0", max: "100", validity: {}, ...rest };
};

const form = () => [
  field("prompt", "a", { type: "textarea" }),
  field("max_new", "0"),
  field("sampler.top_p", "0.50", { max: "1" }),
  field("sampler.cutoff", "0.25", { max: "0.5", dataset: { default: "0" } }),
  field("sampler.seed", "18446744073709551615", { max: "18446744073709551615" }),
  field("sampler.width", "9", { max: "8", validity: { rangeOverflow: true } }),
  field("stop", "", { type: "text", dataset: { many: "", default: "" } }),
  field("batch.share", "on", { type: "checkbox", checked: true }),
];

test("fields are read into the recipe by their paths; a number that makes no sense is not given", () => {
  assert.deepEqual(JSON.parse(JSON.stringify(read(form()))), {
    prompt: "a",
    max_new: 0,
    sampler: { top_p: 0.5, cutoff: 0.25, seed: "18446744073709551615" },
    stop: [],
    batch: { share: true },
  });
});

test("fields are filled from a recipe; what it leaves out has its default, or stays as it was", () => {
  const fields = form();
  const sampler = { top_p: 1, seed: "7" };
  write(fields, { prompt: "b", max_new: 3, sampler, stop: ["x", "y"], batch: { share: false } });
  assert.deepEqual(
    fields.map((f) => f.value),
    ["b", "3", "1", "0", "7", "9", "x", "on"],
  );
  assert.equal(fields.at(-1).checked, false);
  write(fields, { prompt: "b", max_new: 3, sampler });
  assert.equal(fields.at(-2).value, "");
});
