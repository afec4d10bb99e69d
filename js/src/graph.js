// A scene as a live drawing with all that belongs to it: controls, legend, details, the same as a table, the kubectl equivalent.

import { Details } from "./details.js";
import { element, glyphSvg, table } from "./dom.js";
import { addGraphStyle } from "./graphstyle.js";
import { nearest } from "./keys.js";
import { Stage } from "./stage.js";
import { colours, onThemeChange } from "./theme.js";
import { Toolbar } from "./toolbar.js";

const TWIN_ROWS = 500;

export class GraphView {
  constructor(el, store, looks, askDetails, act, ask) {
    Object.assign(this, { el, store, looks, askDetails, chosen: null });
    this.act = act ?? (() => {});
    addGraphStyle();
    el.classList.add("k8slab-graph");
    this.stage = new Stage(looks, (id) => this.choose(id, true), (id, at) => this.hover(id, at));
    this.canvas = this.stage.node;
    this.toolbar = new Toolbar(this);
    this.details = new Details(this, ask ?? (() => {}));
    this.build();
    this.theme = colours(el);
    this.canvas.addEventListener("keydown", (event) => this.key(event));
    this.canvas.addEventListener("dblclick", () => this.chosen && this.toggle(this.chosen));
    this.resizer = new ResizeObserver(() => this.stage.resize());
    this.resizer.observe(this.canvas.parentElement);
    // JupyterLab takes outputs out of the page (while scrolling, in hidden tabs, while it changes the theme): draw again
    // whenever the view comes back.
    this.watcher = new IntersectionObserver(() => this.stage.resize());
    this.watcher.observe(this.canvas);
    this.endings = [store.listen((_, delta) => this.update(delta)), onThemeChange(() => this.retheme())];
    this.update(null);
    this.stage.fit();
  }

  build() {
    this.title = element("strong");
    this.alt = element("span", { class: "alt", "aria-live": "polite" });
    this.answer = element("div", { class: "answer", role: "status", hidden: "" });
    this.note = element("div", { class: "note", hidden: "" });
    this.tip = element("div", { class: "tip", "aria-hidden": "true", hidden: "" });
    this.legend = element("div", { class: "legend" });
    this.command = element("div", { class: "commandline", hidden: "" });
    this.twin = element("details", { class: "twin" }, element("summary", {}, "The same as a table"), element("div", { class: "scroll" }));
    this.twin.addEventListener("toggle", () => this.fillTwin());
    const room = element("div", { class: "room" }, this.canvas, this.tip, this.toolbar.zoom);
    const bar = element("div", { class: "bar" }, this.title, this.alt);
    this.el.append(bar, this.toolbar.node, this.answer, this.note, room, this.details.node, this.legend, this.command, this.twin);
  }

  update(delta) {
    const { scene } = this.store;
    if (this.title.textContent !== scene.title) this.title.textContent = scene.title;
    if (!this.chosen && this.alt.textContent !== scene.alt) this.alt.textContent = scene.alt;
    const label = `${scene.title}. ${scene.alt} Arrow keys move, Enter shows details, Space opens a group, plus and minus zoom, Escape closes.`;
    if (this.canvas.getAttribute("aria-label") !== label) this.canvas.setAttribute("aria-label", label);
    if (this.chosen && !scene.items[this.chosen]) this.choose(null);
    if (this.chosen && (!delta || delta.put?.items?.[this.chosen])) this.follow();
    const changed = delta && [...Object.keys(delta.put?.items ?? {}), ...(delta.drop?.items ?? [])];
    this.stage.show(scene, changed, this.theme);
    if (!delta || delta.set) this.updateAround(scene);
    if (this.twin.open) this.later ??= setTimeout(() => this.fillTwin(), 1000);
  }

  updateAround(scene) {
    this.toolbar.update(scene.controls);
    this.drawLegend();
    this.showCommand(scene.command);
    this.showAnswer(scene.focus);
    this.note.hidden = !scene.note;
    this.note.textContent = scene.note ?? "";
  }

  showAnswer(focus) {
    const text = JSON.stringify(focus ?? null);
    if (text === this.answered) return;
    this.answered = text;
    this.answer.hidden = !focus;
    if (!focus) return;
    const away = element("button", { type: "button" }, "Clear");
    away.addEventListener("click", () => this.act("ask", ["", ""]));
    const lines = focus.lines.slice(0, 12).map((line) => element("li", {}, line));
    const more = focus.lines.length - lines.length;
    if (more > 0) lines.push(element("li", {}, `and ${more} more`));
    this.answer.replaceChildren(away, element("strong", {}, focus.title), element("ul", {}, ...lines));
  }

  showCommand(words) {
    if (this.commandWords === words) return;
    this.commandWords = words;
    this.command.hidden = !words;
    if (words) this.command.replaceChildren(commandLine("The same with kubectl", words));
  }

  retheme() {
    this.theme = colours(this.el);
    this.repaint();
    clearTimeout(this.again);
    this.again = setTimeout(() => this.repaint(), 400); // the theme's style sheet may still be on its way
  }

  repaint() {
    this.theme = colours(this.el);
    this.stage.theme = this.theme;
    this.legendText = null;
    this.drawLegend();
    this.stage.draw();
  }

  drawLegend() {
    const { states = [], controls } = this.store.scene;
    const text = JSON.stringify([states, controls?.kinds, controls?.hidden, this.theme.dark]);
    if (text === this.legendText) return;
    this.legendText = text;
    const shapes = states.map((state) => {
      const look = this.looks[state];
      return element("span", { role: "listitem" }, glyphSvg(look, this.theme.dark), look.label);
    });
    const held = document.activeElement?.dataset?.kind;
    const kinds = (controls?.kinds ?? []).map((kind) => this.chip(kind, controls.hidden.includes(kind)));
    this.legend.replaceChildren(
      element("div", { class: "shapes", role: "list", "aria-label": "Legend" }, ...shapes),
      element("div", { class: "chips", role: "group", "aria-label": "Kinds shown" }, ...kinds),
    );
    if (held) this.legend.querySelector(`[data-kind="${held}"]`)?.focus();
  }

  chip(kind, hidden) {
    const look = this.looks[`kind:${kind}`];
    const node = element("button", { type: "button", "data-kind": kind, "aria-pressed": String(!hidden), title: `Show or hide ${kind}` });
    node.append(...(look ? [glyphSvg(look, this.theme.dark, 12)] : []), kind);
    node.addEventListener("click", () => this.act("hide", kind));
    return node;
  }

  fillTwin() {
    clearTimeout(this.later);
    this.later = null;
    if (!this.twin.open) return;
    const all = Object.entries(this.store.scene.items).filter(([, item]) => factsOf(item).length);
    const columns = [...new Set(all.slice(0, TWIN_ROWS).flatMap(([, item]) => factsOf(item).map(([name]) => name)))];
    const rows = all.slice(0, TWIN_ROWS).map(([, item]) => {
      const facts = new Map(factsOf(item));
      return [item.name ?? item.label, ...columns.map((name) => String(facts.get(name) ?? ""))];
    });
    const rest = all.length - rows.length;
    if (rest > 0) rows.push([`and ${rest} more: filter to see them`, ...columns.map(() => "")]);
    const scroll = this.twin.lastElementChild;
    const top = scroll.scrollTop;
    scroll.replaceChildren(table(["Name", ...columns], rows));
    scroll.scrollTop = top;
  }

  key(event) {
    const step = { "+": 1.25, "=": 1.25, "-": 0.8 }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") this.choose(null);
    else if (event.key === "Enter") this.choose(this.chosen, true);
    else if (event.key === " ") this.toggle(this.chosen);
    else if (step) this.stage.zoom(step);
    else if (event.key === "0") this.stage.fit();
    else if (event.key.startsWith("Arrow")) this.move(event.key);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  move(key) {
    this.choose(nearest(this.store.scene.items, this.chosen, key));
    this.stage.reveal(this.chosen);
  }

  toggle(id) {
    const item = this.store.scene.items[id];
    const group = item?.type === "group" ? id : item?.group;
    if (group) this.act("expand", group);
  }

  choose(id, open = false) {
    this.chosen = id ?? null;
    this.stage.chosen = this.chosen;
    const item = this.store.scene.items[id];
    this.alt.textContent = item ? inWords(item) : this.store.scene.alt;
    if (item && open) {
      this.details.open(id, item, factsOf(item));
      this.askDetails(id);
    } else this.details.close();
    this.toolbar.choose(item ? (item.name ?? item.label) : "");
    this.stage.drawOver();
  }

  /** The chosen item has changed: say what is true of it now; YAML and events are asked for again, not more than once a second. */
  follow() {
    const item = this.store.scene.items[this.chosen];
    this.alt.textContent = inWords(item);
    if (this.details.node.hidden) return;
    this.details.showFacts(factsOf(item));
    this.asking ??= setTimeout(() => {
      this.asking = null;
      if (this.chosen && !this.details.node.hidden) this.askDetails(this.chosen);
    }, 1000);
  }

  hover(id, at) {
    const item = id && this.store.scene.items[id];
    this.tip.hidden = !item || item.type === "head";
    if (this.tip.hidden) return;
    const facts = factsOf(item).filter(([name]) => name !== "Kind").slice(0, 3);
    const words = [item.name ?? item.label, ...facts.map(([k, v]) => `${k}: ${v}`)].join("\n");
    if (this.tip.textContent !== words) this.tip.textContent = words;
    const left = Math.min(at.x + 14, this.canvas.clientWidth - this.tip.offsetWidth - 6);
    Object.assign(this.tip.style, { left: `${Math.max(4, left)}px`, top: `${at.y + 18}px` });
  }

  showDetails(message) {
    if (message.id === this.chosen) this.details.fill(message);
  }

  showWhy(message) {
    if (message.id === this.chosen) this.details.fillWhy(message);
  }

  dispose() {
    this.resizer.disconnect();
    this.watcher.disconnect();
    clearTimeout(this.later);
    clearTimeout(this.again);
    clearTimeout(this.asking);
    for (const end of this.endings) end();
    this.stage.dispose();
  }
}

const POD_FACTS = ["Namespace", "Status", "Ready", "Restarts", "Node", "IP"];

/** What is known of an item; of pods in a placement only the values travel, their names are here. */
export function factsOf(item) {
  if (item.values) return [["Kind", item.kind], ...POD_FACTS.map((name, i) => [name, item.values[i]])];
  return item.facts ?? [];
}

function inWords(item) {
  return `${item.name ?? item.label}: ${factsOf(item).map(([k, v]) => `${k} ${v}`).join(", ")}`;
}

/** One command to read and to copy. */
export function commandLine(says, words) {
  const copy = element("button", { type: "button", title: "Copy", "aria-label": `Copy: ${words}` }, "Copy");
  copy.addEventListener("click", () => {
    navigator.clipboard?.writeText(words).then(
      () => (copy.textContent = "Copied"),
      () => {},
    );
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
  return element("div", { class: "command" }, element("span", { class: "quiet" }, says), element("code", {}, words), copy);
}
