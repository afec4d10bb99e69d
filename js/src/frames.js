// A replay: what has `data-at` appears when the replay has come that far. All steps are here, so no kernel is asked.

import { element } from "./dom.js";

const PACE = 900; // milliseconds a step stays when it plays by itself

export class Frames {
  constructor(body) {
    this.body = body;
    this.captions = [];
    this.at = null; // null: all of it, as when nobody has touched the replay
    const button = (words, label, go) => {
      const node = element("button", { type: "button", "aria-label": label }, words);
      node.addEventListener("click", go);
      return node;
    };
    this.input = element("input", { type: "range", min: "0", step: "1", "aria-label": "Step of the replay" });
    this.input.addEventListener("input", () => this.go(Number(this.input.value)));
    this.caption = element("output", { "aria-live": "polite" });
    this.player = button("▶ Replay", "Replay step by step", () => (this.timer ? this.pause() : this.play()));
    this.node = element("div", { class: "controls frames", role: "group", "aria-label": "Replay" },
      this.player,
      button("‹", "Step back", () => this.go(this.now - 1)),
      button("›", "Step forward", () => this.go(this.now + 1)),
      this.input, this.caption);
  }

  get now() {
    return this.at ?? this.captions.length - 1;
  }

  update(captions = []) {
    const changed = captions.length !== this.captions.length;
    this.captions = captions;
    this.node.hidden = captions.length < 2;
    this.input.max = Math.max(0, captions.length - 1);
    if (changed) this.at = null;
    this.show();
  }

  go(step) {
    this.pause();
    this.set(step);
  }

  set(step) {
    this.at = Math.max(0, Math.min(this.captions.length - 1, step));
    this.show();
  }

  play() {
    if (this.now >= this.captions.length - 1) this.set(0);
    this.timer = setInterval(() => {
      this.set(this.now + 1);
      if (this.now >= this.captions.length - 1) this.pause();
    }, PACE);
    this.player.textContent = "❙❙ Pause";
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.player.textContent = "▶ Replay";
  }

  show() {
    this.input.value = this.now;
    const words = this.captions[this.now] ?? "";
    this.input.setAttribute("aria-valuetext", words);
    if (this.caption.textContent !== words) this.caption.textContent = words;
    for (const node of this.body.querySelectorAll("[data-at]")) {
      const at = Number(node.dataset.at);
      node.classList.toggle("later", at > this.now);
      node.classList.toggle("nowstep", this.at !== null && at === this.now);
    }
  }

  dispose() {
    this.pause();
  }
}
