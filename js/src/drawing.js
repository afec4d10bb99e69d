// A drawing: the shapes of k8slab/views/drawing.py as SVG, with a cursor that reads out what stands at a place.

import { element, table } from "./dom.js";

const NS = "http://www.w3.org/2000/svg";

function svg(tag, attributes) {
  const node = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

const colour = (tone) => (tone ? `var(--k8-${tone})` : "none");

export class DrawingBlock {
  constructor(panel) {
    this.panel = panel;
    this.svg = svg("svg", { role: "img", tabindex: "0" });
    this.said = element("div", { class: "more reading", "aria-live": "polite", hidden: "" });
    this.twin = element("details", { class: "twin" }, element("summary", {}, "The same as a table"), element("div", { class: "scroll" }));
    this.twin.addEventListener("toggle", () => this.fillTwin());
    this.node = element("div", { class: "drawing" }, this.svg, this.said, this.twin);
    this.svg.addEventListener("keydown", (event) => this.key(event));
    this.svg.addEventListener("pointermove", (event) => this.point(event));
    this.svg.addEventListener("pointerleave", () => document.activeElement !== this.svg && this.read(-1));
    this.svg.addEventListener("click", (event) => this.open(event.target.closest("[data-index]")));
    this.at = -1;
    this.data = null;
  }

  update(data) {
    const { w, h, alt, shapes } = data;
    const focused = this.svg.contains(document.activeElement) ? document.activeElement.dataset?.index : undefined;
    this.svg.setAttribute("viewBox", `0 0 ${w} ${h}`);
    this.svg.style.maxWidth = `${w}px`;
    this.svg.setAttribute("aria-label", data.readings.length ? `${alt} Arrow keys read it out.` : alt);
    this.cursor = svg("line", { class: "cursor", y1: 0, y2: h, hidden: "" });
    this.svg.replaceChildren(...shapes.map((shape, i) => this.shape(shape, i)), this.cursor);
    if (focused !== undefined) this.svg.querySelector(`[data-index='${focused}']`)?.focus({ preventScroll: true });
    if (this.at >= data.readings.length) this.at = data.readings.length - 1;
    this.read(this.at);
    this.fillTwin();
  }

  retheme() {
    if (this.data) this.update(this.data); // glyphs have a colour of their own per theme; the rest follows by itself
  }

  shape(shape, index) {
    const node = MAKE[shape.s](shape, this.panel);
    if (shape.at !== undefined) node.dataset.at = shape.at;
    if (shape.more || shape.act) {
      node.dataset.index = index;
      node.setAttribute("tabindex", "0");
      node.setAttribute("role", "button");
      node.setAttribute("aria-label", shape.label ?? shape.more ?? "");
      node.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        this.open(node);
        event.preventDefault();
        event.stopPropagation();
      });
    }
    return node;
  }

  open(node) {
    const shape = this.data.shapes[node?.dataset.index];
    if (!shape) return;
    if (shape.act) this.panel.act(...shape.act);
    if (shape.more) this.say(shape.more);
  }

  say(words) {
    this.said.replaceChildren(...words.split("\n").map((line) => element("div", {}, line)));
    this.said.hidden = false;
  }

  key(event) {
    const count = this.data.readings.length;
    if (event.target !== this.svg || !count) return;
    const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -count, End: count };
    if (event.key === "Escape") this.read(-1);
    else if (steps[event.key]) this.read(Math.max(0, Math.min(count - 1, this.at + steps[event.key])));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  point(event) {
    const { readings, w } = this.data;
    if (!readings.length) return;
    const box = this.svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * w;
    let best = 0;
    readings.forEach(([at], i) => Math.abs(at - x) < Math.abs(readings[best][0] - x) && (best = i));
    this.read(best);
  }

  /** Put the cursor on a reading and say it; -1 takes it away. */
  read(index) {
    this.at = index;
    const reading = this.data.readings[index];
    this.cursor.toggleAttribute("hidden", !reading);
    if (!reading) {
      if (this.data.readings.length) this.said.hidden = true;
      return;
    }
    this.cursor.setAttribute("x1", reading[0]);
    this.cursor.setAttribute("x2", reading[0]);
    this.say(reading[1]);
  }

  fillTwin() {
    const { columns, rows } = this.data.twin;
    this.twin.hidden = !columns.length;
    if (this.twin.open) this.twin.lastElementChild.replaceChildren(table(columns, rows));
  }
}

const MAKE = {
  path({ d, tone, fill, width, dash, place }) {
    const node = svg("path", { d, "stroke-width": width, "stroke-linejoin": "round" });
    node.style.stroke = colour(tone);
    node.style.fill = colour(fill);
    if (fill && tone) node.setAttribute("fill-opacity", ".18");
    if (place) node.setAttribute("transform", `translate(${place[0]},${place[1]}) scale(${place[2]})`);
    if (dash) node.setAttribute("stroke-dasharray", dash);
    return node;
  },
  text({ x, y, t, size, tone, anchor, weight }) {
    const node = svg("text", { x, y, "font-size": size, "text-anchor": anchor, "font-weight": weight });
    node.style.fill = colour(tone);
    node.textContent = t;
    return node;
  },
  rect({ x, y, w, h, fill, tone, r }) {
    const node = svg("rect", { x, y, width: w, height: h, rx: r });
    node.style.fill = colour(fill);
    node.style.stroke = colour(tone);
    return node;
  },
  glyph({ state, x, y, r }, panel) {
    const look = panel.looks[state] ?? panel.looks.unknown;
    const paint = panel.dark ? look.dark : look.light;
    const node = svg("path", { d: look.path, transform: `translate(${x},${y}) scale(${r})` });
    node.style.fill = look.hollow ? "none" : paint;
    if (look.hollow) {
      node.style.stroke = paint;
      node.setAttribute("stroke-width", ".28");
    }
    return node;
  },
};
