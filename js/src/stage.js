// The canvas of a graph view: draws the scene at the camera's scale, once per frame at most, and tells what is pointed at.
//
// Two layers. The lower one has the scene and is drawn when the scene, the theme or the camera changes; the upper one has
// what follows the pointer and the keyboard (rings, lit lines, flashes), so that moving about costs nothing.
//
// An own canvas and not a graph library: every position comes with the scene, so there is nothing to lay out, and drawing
// ten thousand pods ten times a second needs a painter that leaves out what is too small to see.

import { Camera } from "./camera.js";
import { element } from "./dom.js";
import { Hits } from "./hits.js";
import { arrow, route, trace } from "./links.js";
import { extent, paint, paintSpecks, ring } from "./paint.js";

const TALLEST = 640;
const MOVE = 260; // milliseconds an item takes to its new place
const FLASH = 900;
const BELOW = ["frame", "box", "head", "part", "group"];

export class Stage {
  constructor(looks, pick, hover) {
    Object.assign(this, { looks, scene: { items: {}, links: {}, width: 1, height: 1 }, chosen: null, pointed: null });
    this.camera = new Camera();
    this.moves = new Map();
    this.flashes = new Map();
    this.base = element("canvas");
    this.over = element("canvas", { class: "over", "aria-hidden": "true" });
    this.node = element("div", { class: "canvas", tabindex: "0", role: "application" }, this.base, this.over);
    this.still = window.matchMedia?.("(prefers-reduced-motion: reduce)");
    this.drawn = 0;
    this.node.stage = this; // for tests, and whoever looks about in the console
    listenToPointer(this, pick, hover);
  }

  /** Take a scene; `changed` are the ids that differ from the last one (null: all). */
  show(scene, changed, theme) {
    const before = this.scene;
    const size = before.width !== scene.width || before.height !== scene.height;
    if (changed && !this.still?.matches && changed.length < 400) this.animate(before, scene, changed);
    Object.assign(this, { scene, theme, hits: null, last: snapshotOf(scene, changed, this.last) });
    if (size && !this.camera.own) this.fit();
    this.draw();
  }

  animate(before, scene, changed) {
    const now = performance.now();
    const calm = changed.length > 40 || this.last?.size > 400; // in a crowd nobody sees a flash, and it costs a frame each time
    for (const id of changed) {
      const [old, item] = [this.last?.get(id), scene.items[id]];
      if (!item) this.moves.delete(id);
      else if (old && (old.x !== item.x || old.y !== item.y)) this.moves.set(id, { x: old.x, y: old.y, begin: now });
      else if (!calm && this.last?.size && item.state && item.state !== old?.state) this.flashes.set(id, now);
    }
  }

  fit() {
    const room = this.node.clientWidth;
    if (!room) return;
    this.camera.fit(this.scene, room, TALLEST);
    this.node.style.height = `${Math.max(60, this.camera.height)}px`;
    this.draw();
  }

  resize() {
    const room = this.node.clientWidth;
    if (!room || !this.theme) return;
    if (this.camera.own) this.camera.resize(room);
    else this.camera.fit(this.scene, room, TALLEST);
    this.node.style.height = `${Math.max(60, this.camera.height)}px`;
    this.draw();
  }

  draw() {
    this.stale = true;
    this.wake();
  }

  drawOver() {
    this.wake();
  }

  wake() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (this.stale || this.moves.size) this.paintBase();
      const busy = this.pointed || this.chosen || this.flashes.size;
      if (busy || !this.clean) this.paintOver();
      this.clean = !busy;
      if (this.moves.size || this.flashes.size) this.wake();
    });
  }

  /** Where an item is drawn now: on its way, or at its place. */
  placed(id) {
    const item = this.scene.items[id];
    const move = this.moves.get(id);
    if (!item || !move) return item;
    const t = Math.min(1, (performance.now() - move.begin) / MOVE);
    if (t >= 1) {
      this.moves.delete(id);
      return item;
    }
    const eased = 1 - (1 - t) ** 3;
    return { ...item, x: move.x + (item.x - move.x) * eased, y: move.y + (item.y - move.y) * eased };
  }

  context(canvas) {
    const { width, height, k, x, y } = this.camera;
    const dots = window.devicePixelRatio || 1;
    const [w, h] = [Math.round(width * dots), Math.round(Math.max(60, height) * dots)];
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    const ctx = canvas.getContext("2d");
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, w, h);
    ctx.setTransform(dots * k, 0, 0, dots * k, -x * dots * k, -y * dots * k);
    return ctx;
  }

  paintBase() {
    if (!this.theme || !this.camera.width) return;
    this.stale = false;
    const ctx = this.context(this.base);
    const { k } = this.camera;
    ctx.fillStyle = this.theme.paper;
    ctx.fillRect(this.camera.x, this.camera.y, this.camera.width / k, Math.max(60, this.camera.height) / k);
    const layers = Object.fromEntries([...BELOW, "mark"].map((type) => [type, []]));
    for (const id of Object.keys(this.scene.items)) {
      const item = this.placed(id);
      if (this.camera.sees(item, extent(item))) layers[item.type].push([id, item]);
    }
    const draw = ([id, item]) => this.dimmed(ctx, id, () => paint(ctx, item, this.looks, this.theme, k));
    layers.frame.forEach(draw);
    layers.box.forEach(draw);
    this.paintLinks(ctx);
    for (const type of BELOW.slice(2)) layers[type].forEach(draw);
    const small = layers.mark.filter(([, item]) => item.r * k < 3);
    const faint = this.scene.focus?.faint;
    if (small.length && !faint) paintSpecks(ctx, small.map(([, item]) => item), this.looks, this.theme);
    else if (small.length) this.paintFaintSpecks(ctx, small);
    if (small.length < layers.mark.length) layers.mark.filter(([, item]) => item.r * k >= 3).forEach(draw);
    this.paintTones(ctx);
    this.drawn += 1;
    this.node.dataset.drawn = this.drawn;
    this.node.dataset.version = this.scene.version ?? 0;
  }

  paintFaintSpecks(ctx, small) {
    const named = this.scene.focus.items;
    const split = [small.filter(([id]) => !(id in named)), small.filter(([id]) => id in named)];
    ctx.globalAlpha = 0.22;
    paintSpecks(ctx, split[0].map(([, item]) => item), this.looks, this.theme);
    ctx.globalAlpha = 1;
    paintSpecks(ctx, split[1].map(([, item]) => item), this.looks, this.theme);
  }

  /** An answer on the picture leaves everything else faint. */
  dimmed(ctx, id, draw) {
    const { focus } = this.scene;
    const faint = focus?.faint && !(id in focus.items) && !["box", "frame", "head"].includes(this.scene.items[id].type);
    ctx.globalAlpha = faint ? 0.25 : 1;
    draw();
    ctx.globalAlpha = 1;
  }

  paintLinks(ctx) {
    const { links, curved, focus } = this.scene;
    for (const [id, link] of Object.entries(links ?? {})) {
      const [from, to] = [this.placed(link.from), this.placed(link.to)];
      if (!from || !to) continue;
      const tone = focus?.links?.[id];
      ctx.globalAlpha = focus?.faint && !tone ? 0.15 : link.tone === "quiet" ? 0.45 : 1;
      strokeLink(ctx, route(from, to, curved), this.theme, tone ?? link.tone, link.both);
    }
    ctx.globalAlpha = 1;
  }

  paintTones(ctx) {
    for (const [id, tone] of Object.entries(this.scene.focus?.items ?? {})) {
      const item = this.placed(id);
      if (!item) continue;
      const width = Math.max(2.5, 1.6 / this.camera.k);
      ring(ctx, item, this.theme.tones[tone] ?? this.theme.focus, { width, dash: tone === "lost" ? [6, 3] : [], grow: 3 });
    }
  }

  paintOver() {
    if (!this.theme || !this.camera.width) return;
    const ctx = this.context(this.over);
    const lit = this.pointed ?? this.chosen;
    if (lit && this.scene.items[lit]) this.paintLit(ctx, lit);
    for (const id of [this.pointed, this.chosen]) {
      const item = id && this.placed(id);
      if (!item) continue;
      const width = Math.max(id === this.chosen ? 2 : 1.2, 1.4 / this.camera.k);
      ring(ctx, item, id === this.chosen ? this.theme.focus : this.theme.soft, { width });
    }
    this.paintFlashes(ctx);
  }

  paintLit(ctx, id) {
    for (const link of Object.values(this.scene.links ?? {})) {
      if (link.from !== id && link.to !== id) continue;
      const [from, to] = [this.placed(link.from), this.placed(link.to)];
      if (from && to) strokeLink(ctx, route(from, to, this.scene.curved), this.theme, "lit", link.both);
    }
  }

  paintFlashes(ctx) {
    const now = performance.now();
    for (const [id, begin] of this.flashes) {
      const t = (now - begin) / FLASH;
      const item = this.placed(id);
      if (t >= 1 || !item) {
        this.flashes.delete(id);
        continue;
      }
      ctx.globalAlpha = (1 - t) * 0.8;
      ring(ctx, item, this.theme.lit, { width: 2.5 * (1 - t) + 0.5, grow: 2 + 7 * t });
      ctx.globalAlpha = 1;
    }
  }

  hit(x, y) {
    this.hits ??= new Hits(this.scene.items);
    const at = this.camera.toScene(x, y);
    return this.hits.at(at.x, at.y);
  }

  reveal(id) {
    const item = this.scene.items[id];
    if (!item) return;
    const before = [this.camera.x, this.camera.y].join();
    this.camera.show(item, extent(item));
    if (before !== [this.camera.x, this.camera.y].join()) this.draw();
  }

  zoom(factor, at) {
    this.camera.zoom(factor, at);
    this.draw();
  }

  dispose() {
    cancelAnimationFrame(this.frame);
  }
}

/** Keep place and state of every item, to see what has moved when the next scene comes. */
function snapshotOf(scene, changed, last) {
  if (!changed || !last) return new Map(Object.entries(scene.items).map(([id, { x, y, state }]) => [id, { x, y, state }]));
  for (const id of changed) {
    const item = scene.items[id];
    if (item) last.set(id, { x: item.x, y: item.y, state: item.state });
    else last.delete(id);
  }
  return last;
}

function strokeLink(ctx, way, theme, tone, both) {
  const colour = theme.links[tone] ?? theme.line;
  const loud = tone && tone !== "quiet" && tone !== "off";
  ctx.beginPath();
  trace(ctx, way);
  ctx.setLineDash(tone === "off" ? [4, 4] : tone === "bad" ? [7, 4] : []);
  ctx.strokeStyle = colour;
  ctx.lineWidth = loud ? 2.2 : 1.2;
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.beginPath();
  arrow(ctx, way, loud ? 8 : 6);
  if (both) arrow(ctx, { a: way.b, b: way.a, c2: way.c1 }, loud ? 8 : 6);
  ctx.fillStyle = colour;
  ctx.fill();
}

/** Click chooses, dragging moves the picture, Ctrl with the wheel (or a pinch) zooms; a plain wheel scrolls the notebook. */
function listenToPointer(stage, pick, hover) {
  const { node } = stage;
  let grip = null;
  const at = (event) => {
    const box = node.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const point = (id) => {
    if (id === stage.pointed) return;
    stage.pointed = id;
    node.style.cursor = id ? "pointer" : "";
    stage.drawOver();
  };
  node.addEventListener("pointerdown", (event) => {
    if (event.button === 0) grip = { ...at(event), moved: false };
  });
  node.addEventListener("pointermove", (event) => {
    const here = at(event);
    if (grip && (event.buttons & 1) === 0) grip = null;
    if (grip) {
      const [dx, dy] = [here.x - grip.x, here.y - grip.y];
      if (!grip.moved && Math.hypot(dx, dy) < 5) return;
      if (!grip.moved) node.setPointerCapture?.(event.pointerId);
      grip = { ...here, moved: true };
      stage.camera.pan(dx, dy, stage.scene);
      stage.draw();
      return;
    }
    const id = stage.hit(here.x, here.y);
    point(id);
    hover(id, here);
  });
  node.addEventListener("pointerup", (event) => {
    const dragged = grip?.moved;
    grip = null;
    if (event.button === 0 && !dragged) pick(stage.hit(at(event).x, at(event).y));
  });
  node.addEventListener("pointerleave", () => {
    point(null);
    hover(null);
  });
  node.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      stage.zoom(Math.exp(-event.deltaY * 0.004), at(event));
    },
    { passive: false },
  );
}
