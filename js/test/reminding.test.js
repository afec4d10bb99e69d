// When a learner is reminded of a session that is not kept.

import assert from "node:assert/strict";
import { test } from "node:test";
import { passed, reminder } from "../src/lab/reminding.js";

const session = { kept: false, idle: 600, age: 21_600, started: 1000 };
const ask = (more) => reminder({ now: 2000, session, lastInput: 2000, unsaved: true, given: new Set(), ...more });

test("nothing is said while all is well", () => {
  assert.equal(ask({}), null);
  assert.equal(ask({ now: 2000 + 419 }), null);
});

test("three minutes before an idle session may end, once", () => {
  assert.match(ask({ now: 2420 }).text, /for 7 minutes; after 10 minutes/);
  assert.equal(ask({ now: 2420, given: new Set(["idle"]) }), null);
});

test("half an hour and ten minutes before the longest life ends", () => {
  const late = (seconds, given = []) => ask({ now: 22_600 - seconds, lastInput: 22_600 - seconds, given: new Set(given) });
  assert.equal(late(1801), null);
  assert.deepEqual(late(1800), { key: "end-1800", text: "This session may end in 30 minutes. Its files go with it." });
  assert.equal(late(900, ["end-1800"]), null);
  assert.equal(late(600, ["end-1800"]).key, "end-600");
  assert.match(late(20, ["end-1800"]).text, /in a minute/);
  assert.equal(late(20, ["end-1800", "end-600"]), null);
});

test("never where the session is kept, or when the progress has been downloaded", () => {
  assert.equal(ask({ now: 22_500, session: { ...session, kept: true } }), null);
  assert.equal(ask({ now: 22_500, unsaved: false }), null);
});

test("an exercise that has become right", () => {
  assert.match(passed({ done: ["00.1"] }, { done: ["00.1", "00.2"] }, session), /^Exercise 00\.2 is done\./);
  assert.match(passed({ done: [] }, { done: ["00.1", "00.2"] }, session), /^Exercises 00\.1, 00\.2 are done\./);
  assert.equal(passed({ done: ["00.1"] }, { done: ["00.1"] }, session), null);
  assert.equal(passed(undefined, { done: ["00.1"] }, session), null); // the page was opened anew
  assert.equal(passed({ done: [] }, { done: ["00.1"] }, { ...session, kept: true }), null);
});
