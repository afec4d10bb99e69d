import assert from "node:assert/strict";
import { test } from "node:test";
import { Hits } from "../src/hits.js";
import { nearest } from "../src/keys.js";
import { route } from "../src/links.js";

const ITEMS = {
  box: { type: "box", x: 100, y: 100, w: 180, h: 180 },
  pod: { type: "mark", x: 60, y: 60, r: 8 },
  far: { type: "part", x: 900, y: 100, w: 172, h: 44 },
  head: { type: "head", x: 60, y: 60, w: 172, h: 16 },
};

test("the innermost item under a point is hit", () => {
  const hits = new Hits(ITEMS);
  assert.equal(hits.at(61, 59), "pod");
  assert.equal(hits.at(150, 150), "box");
  assert.equal(hits.at(830, 90), "far");
  assert.equal(hits.at(500, 100), null);
});

test("an arrow key leads to the nearest item in its direction, never to a heading", () => {
  assert.equal(nearest(ITEMS, "pod", "ArrowRight"), "far");
  assert.equal(nearest(ITEMS, "far", "ArrowLeft"), "pod");
  assert.equal(nearest(ITEMS, "far", "ArrowRight"), "far");
});

test("the way down from a box leads into it, and the way up out of it", () => {
  assert.equal(nearest(ITEMS, "box", "ArrowDown"), "pod");
  assert.equal(nearest(ITEMS, "pod", "ArrowUp"), "box");
});

test("a line runs from edge to edge, curved between columns", () => {
  const { a, b, c1 } = route(ITEMS.box, ITEMS.far, true);
  assert.deepEqual([a.x, b.x], [190, 814]);
  assert.ok(c1.x > a.x && c1.y === a.y);
  assert.equal(route(ITEMS.box, ITEMS.far, false).c1, null);
});
