// What is known about the chosen item: facts, relations, events, YAML, commands, and why it is so.

import { element, table } from "./dom.js";
import { commandLine } from "./graph.js";

const ALLOWED = new Set(["P", "DIV", "SPAN", "STRONG", "B", "EM", "I", "CODE", "PRE", "UL", "OL", "LI", "TABLE", "THEAD", "TBODY", "TR", "TH", "TD",
  "H3", "H4", "DL", "DT", "DD", "DETAILS", "SUMMARY", "BR"]); // prettier-ignore

export class Details {
  constructor(view, ask) {
    Object.assign(this, { view, ask });
    this.node = element("div", { class: "details", role: "region", "aria-label": "Details", hidden: "" });
  }

  close() {
    this.node.hidden = true;
  }

  open(id, item, facts) {
    const close = element("button", { type: "button", "aria-label": "Close the details" }, "Close");
    close.addEventListener("click", () => {
      this.view.choose(null);
      this.view.canvas.focus();
    });
    this.id = id;
    this.facts = element("div", { class: "facts" });
    this.showFacts(facts);
    this.buttons = element("div", { class: "buttons" });
    this.why = element("div", { class: "why", hidden: "", "aria-live": "polite" });
    this.more = element("div", { class: "more" });
    const head = element("div", { class: "name" }, element("strong", {}, item.name ?? item.label), element("span", { class: "quiet" }, item.kind ?? ""));
    this.node.replaceChildren(close, head, element("div", { class: "columns" }, this.facts, this.more), this.buttons, this.why);
    this.node.hidden = false;
    if (item.type === "group") this.groupButton(id, !item.open);
  }

  showFacts(facts) {
    const list = table(["", ""], facts.map(([k, v]) => [k, String(v)]));
    list.querySelector("thead").remove();
    this.facts.replaceChildren(list);
  }

  groupButton(group, closed) {
    const button = element("button", { type: "button" }, closed ? "Show each of them" : "Put them together");
    button.addEventListener("click", () => this.view.act("expand", group));
    this.buttons.prepend(button);
  }

  fill({ yaml, events = [], relations = [], commands = [], members, group, open }) {
    if (!this.more) return;
    const parts = [];
    const opened = new Map([...this.more.querySelectorAll("details")].map((part) => [titleOf(part), part.open]));
    if (relations.length) parts.push(part("Connected to", table(["", "", ""], relations), true));
    if (members) parts.push(part(`Members (${members.length})`, table(["", ""], members), relations.length < 8));
    parts.push(events.length ? part("Events", table(["Type", "Reason", "Message"], events), true) : element("div", { class: "quiet" }, "No events"));
    if (yaml) parts.push(part("YAML", element("pre", { tabindex: "0" }, yaml), false));
    if (commands.length) parts.push(part("The same with kubectl", element("div", {}, ...commands.map(([says, words]) => commandLine(says, words))), false));
    for (const part of parts.filter((part) => "open" in part)) part.open = opened.get(titleOf(part)) ?? part.open;
    this.more.replaceChildren(...parts);
    if (yaml && !this.buttons.querySelector(".ask")) this.buttons.append(this.whyButton());
    if (group && group !== this.id && open && !this.buttons.querySelector(".together")) {
      this.groupButton(group, false);
      this.buttons.firstElementChild.classList.add("together");
    }
  }

  whyButton() {
    const button = element("button", { type: "button", class: "ask" }, "Why is it so?");
    button.addEventListener("click", () => {
      this.why.hidden = false;
      this.why.textContent = "Looking …";
      this.ask(this.id);
    });
    return button;
  }

  fillWhy({ text, html }) {
    this.why.hidden = false;
    this.why.replaceChildren(html ? clean(html) : element("pre", {}, text));
  }
}

function part(title, content, open) {
  const node = element("details", {}, element("summary", {}, title), element("div", { class: "scroll" }, content));
  node.open = open;
  return node;
}

/** What a part is called, without the number of what is in it. */
function titleOf(part) {
  return part.querySelector("summary")?.textContent.replace(/ \(\d+\)$/, "");
}

/** Take over words and structure of HTML, nothing that could act: no attributes, no other elements. */
function clean(html) {
  const copy = (from) => {
    if (from.nodeType === Node.TEXT_NODE) return document.createTextNode(from.textContent);
    if (from.nodeType !== Node.ELEMENT_NODE || ["SCRIPT", "STYLE"].includes(from.tagName)) return document.createTextNode("");
    const to = ALLOWED.has(from.tagName) ? document.createElement(from.tagName) : document.createElement("span");
    to.append(...[...from.childNodes].map(copy));
    return to;
  };
  return copy(new DOMParser().parseFromString(html, "text/html").body);
}
