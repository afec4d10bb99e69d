// Rows that change in place: pods, events.

import { element, followEnd, glyphSvg, table } from "./dom.js";
import { isDark, onThemeChange } from "./theme.js";

export class TableView {
  constructor(el, store, looks) {
    Object.assign(this, { el, store, looks });
    this.title = element("strong");
    this.alt = element("span", { class: "alt", "aria-live": "polite" });
    this.body = element("div", { class: "scroll", tabindex: "0", role: "region" });
    this.toEnd = followEnd(this.body);
    el.append(element("div", { class: "bar" }, this.title, this.alt), this.body);
    this.endings = [store.listen(() => this.update()), onThemeChange(() => this.update())];
    this.update();
  }

  update() {
    const { title, alt, columns, rows } = this.store.scene;
    this.title.textContent = title;
    this.alt.textContent = alt;
    this.body.setAttribute("aria-label", title);
    const sorted = Object.values(rows).sort((a, b) => (a.order < b.order ? -1 : 1));
    this.body.replaceChildren(table(columns, sorted.map((row) => this.cells(row))));
    this.toEnd();
  }

  cells(row) {
    const look = this.looks[row.state];
    return row.cells.map((cell, index) => (look && index === row.mark ? [glyphSvg(look, isDark(), 12), cell] : cell));
  }

  dispose() {
    for (const end of this.endings) end();
  }
}
