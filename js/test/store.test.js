import assert from "node:assert/strict";
import { test } from "node:test";
import { Store } from "../src/store.js";

test("a delta that fits is taken, and listeners hear of it", () => {
  const store = new Store({ version: 1, alt: "one", items: { a: { x: 1 }, b: { x: 2 } } }, () => assert.fail());
  const heard = [];
  store.listen((scene, delta) => heard.push([scene.version, delta.version]));
  store.take({ base: 1, version: 2, set: { alt: "two" }, put: { items: { c: { x: 3 } } }, drop: { items: ["a"] } });
  assert.deepEqual(store.scene, { version: 2, alt: "two", items: { b: { x: 2 }, c: { x: 3 } } });
  assert.deepEqual(heard, [[2, 2]]);
});

test("a delta that does not fit makes it ask for the whole", () => {
  let asked = 0;
  const store = new Store({ version: 1, items: {} }, () => (asked += 1));
  store.take({ base: 4, version: 5, put: { items: { a: {} } } });
  assert.equal(asked, 1);
  assert.deepEqual(store.scene, { version: 1, items: {} });
  store.take({ version: 6, scene: { version: 6, items: { z: {} } } });
  assert.deepEqual(Object.keys(store.scene.items), ["z"]);
});

test("an old delta is not taken twice", () => {
  const store = new Store({ version: 3, items: {} }, () => assert.fail());
  store.take({ base: 2, version: 3, put: { items: { a: {} } } });
  assert.deepEqual(store.scene.items, {});
});
