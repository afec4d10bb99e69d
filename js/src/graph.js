// A scene as a live drawing: vis-network holds the canvas, hit tests and links; every position comes with the scene.

import { DataSet } from "vis-data/esnext";
import { Network } from "vis-network/esnext";
import { element, glyphSvg, table } from "./dom.js";
import { nearest } from "./keys.js";
import { extent, paint, ring } from "./paint.js";
import { colours, onThemeChange } from "./theme.js";

const OPTIONS = {
  autoResize: false,
  physics: false,
  layout: { improvedLayout: false },
  interaction: { dragNodes: false, zoomView: false, dragView: false, hover: true, selectConnectedEdges: false, tooltipDelay: 200 },
  nodes: { shape: "custom", fixed: true, physics: false, chosen: false },
  edges: { arrows: { to: { enabled: true, scaleFactor: 0.6 } }, smooth: false, chosen: false, width: 1.3 },
};

export class GraphView {
  constructor(el, store, looks, askDetails) {
    Object.assign(this, { el, store, looks, askDetails, chosen: null });
    this.build();
    this.theme = colours(el);
    this.nodes = new DataSet();
    this.edges = new DataSet();
    this.network = new Network(this.canvas, { nodes: this.nodes, edges: this.edges }, OPTIONS);
    this.network.on("beforeDrawing", (ctx) => this.paintBoxes(ctx));
    this.network.on("afterDrawing", (ctx) => this.paintChosen(ctx));
    this.network.on("click", (event) => this.choose(event.nodes[0] ?? null, true));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.resizer = new ResizeObserver(() => this.fit());
    this.resizer.observe(this.canvas.parentElement);
    // JupyterLab takes outputs out of the page (while scrolling, in hidden tabs, while it changes the theme), and
    // vis-network then shrinks its canvas to nothing: measure again whenever the view comes back.
    this.watcher = new IntersectionObserver(() => this.fit());
    this.watcher.observe(this.canvas);
    this.endings = [store.listen(() => this.update()), onThemeChange(() => this.retheme())];
    this.update();
  }

  build() {
    this.title = element("strong");
    this.alt = element("span", { class: "alt", "aria-live": "polite" });
    this.canvas = element("div", { class: "canvas", tabindex: "0", role: "application" });
    this.legend = element("div", { class: "legend", role: "list", "aria-label": "Legend" });
    this.details = element("div", { class: "details", role: "region", "aria-label": "Details", hidden: "" });
    this.twin = element("details", { class: "twin" }, element("summary", {}, "The same as a table"), element("div", { class: "scroll" }));
    this.twin.addEventListener("toggle", () => this.fillTwin());
    this.el.append(element("div", { class: "bar" }, this.title, this.alt), this.canvas, this.legend, this.details, this.twin);
  }

  update() {
    const { scene } = this.store;
    this.title.textContent = scene.title;
    if (this.alt.textContent !== scene.alt) this.alt.textContent = scene.alt;
    this.canvas.setAttribute("aria-label", `${scene.title}. ${scene.alt} Arrow keys move, Enter shows details, Escape closes.`);
    sync(this.nodes, scene.items, (id, item) => ({ id, x: item.x, y: item.y, item, ctxRenderer: (args) => this.renderer(args) }));
    sync(this.edges, scene.links, (id, link) => ({ id, from: link.from, to: link.to, item: link, color: this.theme.line }));
    if (this.chosen && !scene.items[this.chosen]) this.choose(null);
    this.drawLegend();
    this.fillTwin();
    this.fit();
  }

  renderer({ ctx, id }) {
    const item = this.store.scene.items[id];
    if (!item) return { drawNode() {}, nodeDimensions: { width: 0, height: 0 } };
    const { w, h } = extent(item);
    const drawNode = () => item.type !== "box" && paint(ctx, item, this.looks, this.theme);
    return { drawNode, nodeDimensions: { width: w, height: h } };
  }

  paintBoxes(ctx) {
    for (const item of Object.values(this.store.scene.items)) if (item.type === "box") paint(ctx, item, this.looks, this.theme);
  }

  paintChosen(ctx) {
    const item = this.store.scene.items[this.chosen];
    if (item) ring(ctx, item, this.theme);
  }

  fit() {
    const { width, height } = this.store.scene;
    const room = this.canvas.parentElement.clientWidth;
    if (!room) return;
    const scale = Math.min(1, (room - 16) / (width + 4));
    this.network.setSize(`${room}px`, `${Math.ceil((height + 8) * scale)}px`);
    this.network.moveTo({ position: { x: room / 2 / scale - 3, y: height / 2 }, scale, animation: false });
    this.network.redraw();
  }

  retheme() {
    this.theme = colours(this.el);
    this.edges.update(this.edges.getIds().map((id) => ({ id, color: this.theme.line })));
    this.drawLegend();
    this.fit();
    this.later = setTimeout(() => this.fit(), 400); // the theme's style sheet may still be on its way
  }

  drawLegend() {
    const entries = (this.store.scene.states ?? []).map((state) => {
      const look = this.looks[state];
      return element("span", { role: "listitem" }, glyphSvg(look, this.theme.dark), look.label);
    });
    this.legend.replaceChildren(...entries);
  }

  fillTwin() {
    if (!this.twin.open) return;
    const items = Object.values(this.store.scene.items).filter((item) => item.facts?.length);
    const columns = [...new Set(items.flatMap((item) => item.facts.map(([name]) => name)))];
    const rows = items.map((item) => {
      const facts = new Map(item.facts);
      return [item.name ?? item.label, ...columns.map((name) => String(facts.get(name) ?? ""))];
    });
    this.twin.lastElementChild.replaceChildren(table(["Name", ...columns], rows));
  }

  key(event) {
    if (event.key === "Escape") this.choose(null);
    else if (event.key === "Enter") this.choose(this.chosen, true);
    else if (event.key.startsWith("Arrow")) this.choose(nearest(this.store.scene.items, this.chosen, event.key));
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  choose(id, open = false) {
    this.chosen = id;
    const item = this.store.scene.items[id];
    if (item) this.alt.textContent = `${item.name ?? item.label}: ${item.facts.map(([k, v]) => `${k} ${v}`).join(", ")}`;
    else this.alt.textContent = this.store.scene.alt;
    if (item && open) this.openDetails(id, item);
    else this.details.hidden = true;
    this.network.redraw();
  }

  openDetails(id, item) {
    const close = element("button", { type: "button" }, "Close");
    close.addEventListener("click", () => this.choose(null));
    const facts = table(["", ""], item.facts.map(([k, v]) => [k, String(v)]));
    facts.querySelector("thead").remove();
    this.more = element("div", {}, "");
    this.details.replaceChildren(close, element("strong", {}, item.name ?? item.label), facts, this.more);
    this.details.hidden = false;
    this.askDetails(id);
  }

  showDetails({ id, yaml, events }) {
    if (id !== this.chosen || !this.more) return;
    const heading = element("strong", {}, events.length ? "Events" : "No events");
    const list = events.length ? [table(["Type", "Reason", "Message"], events)] : [];
    const manifest = element("details", {}, element("summary", {}, "YAML"), element("pre", { tabindex: "0" }, yaml));
    this.more.replaceChildren(heading, ...list, manifest);
  }

  dispose() {
    this.resizer.disconnect();
    this.watcher.disconnect();
    clearTimeout(this.later);
    for (const end of this.endings) end();
    this.network.destroy();
  }
}

/** Make a DataSet hold what the scene has, touching only what differs. */
function sync(dataset, wanted, make) {
  const gone = dataset.getIds().filter((id) => !(id in wanted));
  if (gone.length) dataset.remove(gone);
  const changed = Object.entries(wanted).filter(([id, item]) => dataset.get(id)?.item !== item);
  if (changed.length) dataset.update(changed.map(([id, item]) => make(id, item)));
}
