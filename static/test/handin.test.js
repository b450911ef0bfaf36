import test from "node:test";
import assert from "node:assert/strict";
import { fileName, handIn, linkOf, readHandIn } from "../js/facts/handin.js";

const LINK =
  "?lesson=decode&beat=draw&answers=what-again%7E0-5%3Bhow-much%7E2&lang=zh" +
  "&model=paper&req=0%3A1%3Acat&req=1%3A2%3Adog&seed=7&step=-1";

const words = (link) => {
  const query = new URLSearchParams(link);
  query.sort();
  return query.toString();
};

test("an address and a file say the same", () => {
  const given = handIn(LINK, "11a252e3", "Ada & 猫");
  assert.deepEqual(given.answers, { "what-again": "0-5", "how-much": "2" });
  assert.deepEqual(given.moment, { model: ["paper"], req: ["0:1:cat", "1:2:dog"], seed: ["7"], step: ["-1"] });
  const read = readHandIn(JSON.stringify(given));
  assert.deepEqual(read, given);
  assert.equal(words(linkOf(read)), words(`${LINK}&version=11a252e3&name=Ada+%26+猫`));
  assert.deepEqual(handIn(linkOf(read), read.version, read.name), given);
});

test("a key of any name is a key", () => {
  const { moment } = handIn("?lesson=a&__proto__=1&constructor=2", "", "");
  assert.deepEqual(Object.entries(moment), [
    ["__proto__", ["1"]],
    ["constructor", ["2"]],
  ]);
});

test("what is no such file is none", () => {
  for (const text of [
    "",
    "null",
    "[]",
    "{}",
    '{"lesson":1}',
    '{"lesson":"a","answers":{"b":1}}',
    '{"lesson":"a","answers":null}',
    '{"lesson":"a","moment":{"b":"c"}}',
    '{"lesson":"a","moment":{"b":[1]}}',
    '{"lesson":"a","name":{}}',
    '{"lesson":"a"',
  ])
    assert.equal(readHandIn(text), null, text);
  assert.deepEqual(readHandIn('{"lesson":"a","more":1}'), {
    lesson: "a",
    version: "",
    name: "",
    lang: "",
    beat: "",
    answers: {},
    moment: {},
  });
});

test("a file is called by its lesson and its learner, and by nothing that leads elsewhere", () => {
  const named = (name) => fileName({ lesson: "decode", name });
  assert.equal(named(""), "kvstep-decode.json");
  assert.equal(named("Ada Lovelace"), "kvstep-decode-Ada_Lovelace.json");
  assert.equal(named("小 猫"), "kvstep-decode-小_猫.json");
  assert.equal(named("../../x"), "kvstep-decode-x.json");
  assert.equal(named("/"), "kvstep-decode.json");
});
