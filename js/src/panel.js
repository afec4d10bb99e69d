// A panel: blocks of a scene, each kept in its own place and changed only when its data changed.

import { BLOCKS } from "./blocks.js";
import { element } from "./dom.js";
import { Frames } from "./frames.js";
import { addPanelStyle } from "./panelstyle.js";
import { isDark, onThemeChange } from "./theme.js";

export class PanelView {
  constructor(el, store, looks, askDetails, act) {
    Object.assign(this, { el, store, looks, act, shown: new Map() });
    addPanelStyle();
    el.classList.add("k8slab-panel");
    this.title = element("strong");
    this.alt = element("span", { class: "alt", "aria-live": "polite" });
    this.body = element("div", { class: "blocks" });
    this.frames = new Frames(this.body);
    el.append(element("div", { class: "bar" }, this.title, this.alt), this.frames.node, this.body);
    this.endings = [store.listen(() => this.update()), onThemeChange(() => this.retheme())];
    this.update();
  }

  get dark() {
    return isDark();
  }

  update() {
    const { title, alt, blocks, frames } = this.store.scene;
    if (this.title.textContent !== title) this.title.textContent = title;
    if (this.alt.textContent !== alt) this.alt.textContent = alt;
    this.paint();
    const wanted = Object.entries(blocks).sort(([, a], [, b]) => a.order - b.order);
    for (const [key, { block }] of this.shown) {
      if (blocks[key]?.kind !== block.data.kind) {
        block.node.remove();
        this.shown.delete(key);
      }
    }
    wanted.forEach(([key, data], index) => {
      if (!this.shown.has(key)) this.shown.set(key, { block: new BLOCKS[data.kind](this, data) });
      const { block } = this.shown.get(key);
      if (block.data !== data || data.kind === "lines") {
        block.data = data;
        block.update(data, this.store.scene);
      }
      if (this.body.children[index] !== block.node) this.body.insertBefore(block.node, this.body.children[index] ?? null);
    });
    this.frames.update(frames);
  }

  /** Give the names of colours to the style sheet: one palette, kept in Python. */
  paint() {
    const index = this.dark ? 1 : 0;
    for (const [name, pair] of Object.entries(this.store.scene.tones)) this.el.style.setProperty(`--k8-${name}`, pair[index]);
  }

  retheme() {
    this.paint();
    for (const { block } of this.shown.values()) block.retheme?.();
  }

  dispose() {
    this.frames.dispose();
    for (const end of this.endings) end();
  }
}
