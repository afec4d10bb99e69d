// The controls of a graph: which topology, which namespace, a filter, what stands together, questions; and the zoom.

import { element } from "./dom.js";

export class Toolbar {
  constructor(view) {
    this.view = view;
    this.node = element("div", { class: "toolbar", role: "toolbar", "aria-label": "What is shown", hidden: "" });
    const act = (name) => (value) => view.act(name, value);
    this.topology = select("Show", act("topology"));
    this.namespace = select("Namespace", act("namespace"));
    this.filter = field("Filter", "name, or app=web", act("filter"));
    this.group = toggle("Group by owner", act("group"), "Let the pods of a workload stand together");
    this.system = toggle("System", act("system"), "Show the cluster's own objects too");
    this.question = select("Ask", (value) => view.act("ask", [value, view.chosen ?? ""]));
    this.problem = element("span", { class: "problem", role: "alert" });
    const parts = [this.topology, this.namespace, this.filter, this.question, this.group, this.system].map((part) => part.node);
    this.node.append(...parts, this.problem);
    this.zoom = element("div", { class: "zoom", role: "group", "aria-label": "Zoom" });
    this.zoom.append(
      button("−", "Zoom out (-)", () => view.stage.zoom(0.8)),
      button("+", "Zoom in (+)", () => view.stage.zoom(1.25)),
      button("⤢", "Show all of it (0)", () => view.stage.fit()),
      (this.tidy = button("≡", "Arrange anew", () => (view.act("tidy", ""), view.stage.fit()))),
    );
  }

  update(controls) {
    this.node.hidden = !controls;
    this.tidy.hidden = !controls;
    if (!controls) return;
    this.topology.set(controls.topologies, controls.topology);
    this.namespace.set([["", "all"], ...controls.namespaces.map((n) => [n, n])], controls.namespace);
    this.filter.set(controls.text);
    this.group.set(controls.grouped);
    this.system.set(controls.system);
    this.questions = controls;
    this.setQuestions();
    if (this.problem.textContent !== controls.problem) this.problem.textContent = controls.problem;
    if (this.shown !== undefined && this.shown !== controls.topology) this.view.choose(null);
    if (this.shown !== undefined && this.shown !== controls.topology) this.view.stage.fit();
    this.shown = controls.topology;
  }

  /** Say what a question would be about. */
  choose(name) {
    this.about = name;
    if (this.questions) this.setQuestions();
  }

  setQuestions() {
    const words = ([id, title, needs]) => [id, needs ? title.replace("the chosen one", this.about || "the chosen one") : title];
    this.question.set([["", "nothing"], ...this.questions.questions.map(words)], this.questions.question);
  }
}

function button(words, title, act) {
  const node = element("button", { type: "button", title, "aria-label": title }, words);
  node.addEventListener("click", act);
  return node;
}

function select(label, tell) {
  const list = element("select");
  list.addEventListener("change", () => tell(list.value));
  list.addEventListener("keydown", (event) => event.stopPropagation());
  let known = "";
  return {
    node: element("label", {}, element("span", {}, label), list),
    set(options, value) {
      const text = JSON.stringify(options);
      if (text !== known) list.replaceChildren(...options.map(([id, name]) => element("option", { value: id }, name)));
      known = text;
      if (list.value !== value) list.value = value;
    },
  };
}

function field(label, hint, tell) {
  const input = element("input", { type: "search", placeholder: hint, spellcheck: "false", autocomplete: "off" });
  let waiting;
  const send = () => {
    clearTimeout(waiting);
    tell(input.value);
  };
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(send, 300);
  });
  input.addEventListener("keydown", (event) => {
    event.stopPropagation(); // JupyterLab has shortcuts of one letter
    if (event.key === "Enter") send();
  });
  return {
    node: element("label", {}, element("span", {}, label), input),
    set(value) {
      if (input !== document.activeElement && input.value !== value) input.value = value;
    },
  };
}

function toggle(words, tell, title) {
  const node = element("button", { type: "button", class: "toggle", "aria-pressed": "false", title }, words);
  let on = false;
  node.addEventListener("click", () => tell(!on));
  return {
    node,
    set(value) {
      node.hidden = value === null || value === undefined;
      on = Boolean(value);
      node.setAttribute("aria-pressed", String(on));
    },
  };
}
