// A table whose cells can be gone through with arrow keys; rows that did not change stay as they are.

import { element } from "./dom.js";

const KEYS = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };

export class GridBlock {
  constructor(panel) {
    this.panel = panel;
    this.caption = element("caption");
    this.head = element("thead");
    this.body = element("tbody");
    this.table = element("table", {}, this.caption, this.head, this.body);
    this.more = element("div", { class: "more", "aria-live": "polite", hidden: "" });
    this.scroll = element("div", { class: "gridscroll" }, this.table);
    this.node = element("div", { class: "gridblock" }, this.scroll, this.more);
    this.table.addEventListener("keydown", (event) => this.key(event));
    this.table.addEventListener("click", (event) => this.open(event.target.closest("td, th")));
    this.rows = [];
    this.data = null;
  }

  update({ caption, columns, rows, mono, upright, tall }) {
    this.caption.textContent = caption;
    this.table.className = `${mono ? "mono " : ""}${upright ? "upright" : ""}`;
    this.scroll.classList.toggle("tall", Boolean(tall));
    if (this.columns !== JSON.stringify(columns)) {
      this.columns = JSON.stringify(columns);
      this.head.replaceChildren(element("tr", {}, ...columns.map((c) => element("th", { scope: "col" }, element("span", {}, c)))));
      this.rows = [];
    }
    const made = rows.map((row, i) => {
      const text = JSON.stringify(row);
      return this.rows[i]?.text === text ? this.rows[i] : { text, node: this.row(row, i) };
    });
    made.forEach(({ node }, i) => {
      const there = this.body.children[i];
      if (there === node) return;
      const focused = there?.contains(document.activeElement) ? document.activeElement.cellIndex : -1;
      if (there) there.replaceWith(node);
      else this.body.append(node);
      if (focused >= 0) node.cells[focused]?.focus({ preventScroll: true });
    });
    while (this.body.children.length > made.length) this.body.lastElementChild.remove();
    this.rows = made;
    this.operable = this.body.querySelectorAll("[data-open]").length > 0;
    this.table.setAttribute("role", this.operable ? "grid" : "table");
    if (this.operable && !this.body.querySelector("[tabindex='0']")) this.body.querySelector("[data-open]").tabIndex = 0;
    if (!this.more.hidden) this.say();
  }

  row(cells, index) {
    return element("tr", {}, ...cells.map((c, i) => this.cell(typeof c === "string" ? { t: c } : c, index, i)));
  }

  cell(data, row, column) {
    const node = element(column === 0 ? "th" : "td", column === 0 ? { scope: "row" } : {}, data.t);
    if (data.tone) node.classList.add(`tone-${data.tone}`);
    if (data.middle) node.classList.add("middle");
    if (data.at !== undefined) node.dataset.at = data.at;
    if (data.bar !== undefined) node.prepend(element("i", { class: "meter", style: `width:${Math.round(data.bar * 100)}%` }));
    if (data.tip) node.title = data.tip;
    if (data.more || data.act) {
      node.dataset.open = `${row}:${column}`;
      node.tabIndex = -1;
      node.setAttribute("role", column === 0 ? "rowheader" : "gridcell");
      if (data.label) node.setAttribute("aria-label", data.label);
    }
    return node;
  }

  key(event) {
    const here = event.target.closest("td, th");
    if (!here || !this.operable) return;
    if (event.key === "Enter" || event.key === " ") this.open(here);
    else if (event.key === "Escape") this.close();
    else if (KEYS[event.key]) this.walk(here, KEYS[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Go to the next cell in a direction that can be opened. */
  walk(here, [down, right]) {
    let row = here.parentElement.sectionRowIndex;
    let column = here.cellIndex;
    for (;;) {
      row += down;
      column += right;
      const next = this.body.rows[row]?.cells[column];
      if (!next) return;
      if (next.dataset.open === undefined) continue;
      this.body.querySelectorAll("[tabindex='0']").forEach((n) => (n.tabIndex = -1));
      next.tabIndex = 0;
      return next.focus();
    }
  }

  open(node) {
    if (node?.dataset.open === undefined) return;
    const [row, column] = node.dataset.open.split(":").map(Number);
    const data = this.data.rows[row]?.[column];
    if (data?.act) this.panel.act(...data.act);
    if (!data?.more) return;
    this.chosen = [row, column];
    this.say();
  }

  say() {
    this.body.querySelectorAll(".chosen").forEach((n) => n.classList.remove("chosen"));
    const [row, column] = this.chosen;
    const data = this.data.rows[row]?.[column];
    if (!data?.more) return this.close();
    this.body.rows[row].cells[column].classList.add("chosen");
    const close = element("button", { type: "button", "aria-label": "Close" }, "×");
    close.addEventListener("click", () => this.close());
    this.more.replaceChildren(close, ...data.more.split("\n").map((line) => element("div", {}, line)));
    this.more.hidden = false;
  }

  close() {
    this.body.querySelectorAll(".chosen").forEach((n) => n.classList.remove("chosen"));
    this.more.hidden = true;
  }
}
