// The simple blocks of a panel, and the table of all of them. A block has `node`, `update(data, scene)`, perhaps `retheme()`.

import { ControlsBlock } from "./controls.js";
import { element, followEnd } from "./dom.js";
import { DrawingBlock } from "./drawing.js";
import { GridBlock } from "./grid.js";

class NoteBlock {
  constructor() {
    this.node = element("p", { class: "note" });
    this.data = null;
  }

  update({ t, tone }) {
    this.node.textContent = t;
    this.node.className = tone ? `note framed tone-${tone}` : "note";
  }
}

class CommandsBlock {
  constructor() {
    this.node = element("div", { class: "commands" });
    this.data = null;
  }

  update({ items }) {
    this.node.replaceChildren(element("div", { class: "quiet" }, "The same with kubectl:"), ...items.map(command));
  }
}

function command([says, words]) {
  const copy = element("button", { type: "button", "aria-label": `Copy: ${words}` }, "Copy");
  copy.addEventListener("click", async () => {
    const done = await navigator.clipboard?.writeText(words).then(() => true, () => false);
    copy.textContent = done ? "Copied" : "Select it and press Ctrl-C";
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
  return element("div", { class: "command" }, element("span", { class: "quiet" }, says), element("code", {}, words), copy);
}

class LinesBlock {
  constructor(panel, data) {
    this.rows = new Map();
    this.empty = element("div", { class: "quiet" });
    this.list = element("div", { class: "lines", tabindex: "0", role: "log", "aria-label": data.label });
    this.node = element("div", {}, this.empty, this.list);
    this.toEnd = followEnd(this.list);
    this.data = null;
  }

  update({ empty, label }, scene) {
    const rows = scene.rows ?? {};
    this.list.setAttribute("aria-label", label);
    this.empty.textContent = empty;
    this.empty.hidden = Object.keys(rows).length > 0;
    for (const [id, { row, node }] of this.rows) {
      if (rows[id] === row) continue;
      node.remove();
      this.rows.delete(id);
    }
    const fresh = Object.entries(rows).filter(([id]) => !this.rows.has(id)).sort(([, a], [, b]) => (a.order < b.order ? -1 : 1));
    for (const [id, row] of fresh) {
      const who = element("span", { class: `who tone-${row.tone || "soft"}` }, row.who);
      const node = element("div", {}, ...(row.who ? [who] : []), row.t);
      this.rows.set(id, { row, node });
      this.place(row, node);
    }
    this.toEnd();
  }

  /** Put a line where it belongs: nearly always at the end. */
  place(row, node) {
    node.dataset.order = row.order;
    let before = null;
    for (let last = this.list.lastElementChild; last && last.dataset.order > row.order; last = last.previousElementSibling) before = last;
    this.list.insertBefore(node, before);
  }
}

export const BLOCKS = {
  note: NoteBlock, commands: CommandsBlock, lines: LinesBlock, grid: GridBlock, drawing: DrawingBlock, controls: ControlsBlock,
};
