import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../src/camera.js";

const SCENE = { width: 2000, height: 400 };

test("the whole scene fits into the room", () => {
  const camera = new Camera();
  camera.fit(SCENE, 1000, 640);
  const [left, right] = [camera.toRoom(0, 0).x, camera.toRoom(2000, 0).x];
  assert.ok(left >= 0 && right <= 1000, `${left} ${right}`);
});

test("cards stay readable, though then not all of them may be in sight", () => {
  const camera = new Camera();
  camera.fit({ width: 700, height: 9000, curved: true }, 1000, 640);
  assert.ok(camera.k >= 0.6);
  assert.equal(camera.height, 640);
});

test("zooming keeps the point under the pointer where it is", () => {
  const camera = new Camera();
  camera.fit(SCENE, 1000, 640);
  const before = camera.toScene(300, 50);
  camera.zoom(2, { x: 300, y: 50 });
  const after = camera.toScene(300, 50);
  assert.ok(Math.abs(before.x - after.x) < 1e-9 && Math.abs(before.y - after.y) < 1e-9);
});

test("an item that the keyboard reaches is brought into sight", () => {
  const camera = new Camera();
  camera.fit({ width: 700, height: 9000, curved: true }, 1000, 640);
  const item = { x: 100, y: 8000 };
  assert.ok(!camera.sees(item, { w: 172, h: 44 }));
  camera.show(item, { w: 172, h: 44 });
  assert.ok(camera.sees(item, { w: 172, h: 44 }));
});

test("what is already in sight does not move the picture", () => {
  const camera = new Camera();
  camera.fit(SCENE, 1000, 640);
  const before = [camera.x, camera.y];
  camera.show({ x: 500, y: 200 }, { w: 100, h: 44 });
  assert.deepEqual([camera.x, camera.y], before);
});
