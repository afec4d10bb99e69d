// A row of controls. They are changed in place, and never while the learner has hold of them.

import { element } from "./dom.js";

export class ControlsBlock {
  constructor(panel) {
    this.panel = panel;
    this.node = element("div", { class: "controls", role: "group", "aria-label": "Controls" });
    this.made = [];
    this.data = null;
  }

  update({ items }) {
    const same = items.length === this.made.length && items.every((item, i) => same_kind(item, this.made[i].item));
    if (!same) {
      this.made = items.map((item) => ({ item, ...MAKE[item.c]((value) => this.panel.act(item.name, value)) }));
      this.node.replaceChildren(...this.made.map((m) => m.node));
    }
    items.forEach((item, i) => this.made[i].set(item));
  }
}

function same_kind(a, b) {
  return a.c === b.c && a.name === b.name && (a.c !== "button" || a.label === b.label || JSON.stringify(a.value) === JSON.stringify(b.value));
}

const MAKE = {
  button(tell) {
    const node = element("button", { type: "button" });
    let now;
    node.addEventListener("click", () => tell(now.value));
    return {
      node,
      set(item) {
        now = item;
        if (node.textContent !== item.label) node.textContent = item.label;
        node.disabled = item.off;
        if (item.pressed !== null) node.setAttribute("aria-pressed", item.pressed);
      },
    };
  },

  select(tell) {
    const list = element("select");
    const label = element("span");
    list.addEventListener("change", () => tell(list.value));
    let known = "";
    return {
      node: element("label", {}, label, list),
      set({ label: words, options, value }) {
        label.textContent = words;
        const text = JSON.stringify(options);
        if (text !== known) list.replaceChildren(...options.map(([id, name]) => element("option", { value: id }, name)));
        known = text;
        if (list !== document.activeElement || text === known) list.value = value;
      },
    };
  },

  slider(tell) {
    const input = element("input", { type: "range", min: "0", step: "1" });
    const label = element("span");
    const words = element("output");
    let held = false;
    let last = 0;
    const send = () => {
      last = Date.now();
      tell(Number(input.value));
    };
    // While it is dragged: at most ten times a second, and the place where it is let go in any case.
    input.addEventListener("input", () => Date.now() - last > 100 && send());
    input.addEventListener("change", send);
    input.addEventListener("pointerdown", () => (held = true));
    input.addEventListener("pointerup", () => (held = false));
    return {
      node: element("label", { class: "slider" }, label, input, words),
      set(item) {
        label.textContent = item.label;
        words.textContent = item.words;
        input.max = item.most;
        if (!held) input.value = item.value;
        input.setAttribute("aria-valuetext", item.words);
      },
    };
  },

  field(tell) {
    const input = element("input", { type: "text", spellcheck: "false" });
    const label = element("span");
    input.addEventListener("change", () => tell(input.value));
    input.addEventListener("keydown", (event) => event.stopPropagation()); // JupyterLab has shortcuts of one letter
    return {
      node: element("label", {}, label, input),
      set(item) {
        label.textContent = item.label;
        input.placeholder = item.hint;
        if (input !== document.activeElement) input.value = item.value;
      },
    };
  },
};
