// The learner's progress as a file: a download and an upload everywhere, and where the session is not kept (Binder) a bar
// that says whether the latest progress has been downloaded, and reminders while it has not.

import { bar } from "./bar.js";
import { passed, reminder } from "./reminding.js";

const DOWNLOAD = "k8slab:download-progress";
const UPLOAD = "k8slab:upload-progress";
const SAVED = "k8slab-saved-progress"; // in the browser's session storage: what has been downloaded
const LOOK_EVERY = 20_000;

export class Keeper {
  constructor(app, { apputils }, server) {
    Object.assign(this, { app, apputils, server, given: new Set(), lastInput: Date.now() / 1000, toast: null });
    app.commands.addCommand(DOWNLOAD, { label: "Download My Progress", execute: () => this.safely(() => this.download()) });
    app.commands.addCommand(UPLOAD, { label: "Upload My Progress", execute: () => this.safely(() => this.upload()) });
    this.commands = [DOWNLOAD, UPLOAD];
    server.onChange((state, before) => this.changed(state, before));
  }

  get unsaved() {
    const { progress } = this.server.state;
    return !progress.empty && sessionStorage.getItem(SAVED) !== progress.version;
  }

  changed(state, before) {
    if (state.session.kept) return;
    if (!this.bar) this.watch();
    this.bar.show(state.progress.empty ? "empty" : this.unsaved ? "unsaved" : "saved");
    const text = this.unsaved && passed(before?.progress, state.progress, state.session);
    if (text) this.remind(text, 15_000);
  }

  // Begin to look after a session that is not kept.
  watch() {
    this.bar = bar(() => this.app.commands.execute(DOWNLOAD), () => this.app.commands.execute(UPLOAD));
    document.body.append(this.bar.node);
    for (const event of ["pointerdown", "keydown", "wheel"]) {
      document.addEventListener(event, () => this.active(), { capture: true, passive: true });
    }
    window.addEventListener("beforeunload", (event) => {
      if (!this.unsaved) return;
      event.preventDefault();
      event.returnValue = ""; // older browsers ask only then
    });
    setInterval(() => this.look(), LOOK_EVERY);
  }

  active() {
    this.lastInput = Date.now() / 1000;
    this.given.delete("idle");
  }

  // Predictions and quizzes are answered by a click, which runs no cell: look now and then, while somebody can see it.
  look() {
    if (!document.hidden) this.server.refresh({ quietly: true }).catch(() => {});
    const { given, lastInput, unsaved } = this;
    const due = reminder({ now: Date.now() / 1000, session: this.server.state.session, lastInput, unsaved, given });
    if (!due) return;
    given.add(due.key);
    this.remind(due.text, false);
    if (document.hidden) callBack("Download your progress");
  }

  remind(text, autoClose) {
    const { Notification } = this.apputils;
    if (this.toast) Notification.dismiss(this.toast);
    const actions = [{ label: "Download progress", displayType: "accent", callback: () => void this.app.commands.execute(DOWNLOAD) }];
    this.toast = Notification.warning(text, { autoClose, actions });
  }

  async download() {
    const text = await this.server.progress();
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = `k8slab-progress-${new Date().toISOString().slice(0, 10)}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    this.saved(await this.server.refresh());
  }

  async upload() {
    const file = await chosenFile();
    if (!file) return;
    const text = await file.text();
    const before = this.server.state.progress;
    const state = await this.server.upload(text);
    if (before.empty) this.saved(state); // nothing is here that the file does not have
    const news = state.progress.done.length - before.done.length;
    this.apputils.Notification.success(`“${file.name}” is added: ${news} more exercises are done.`, { autoClose: 8000 });
  }

  saved(state) {
    sessionStorage.setItem(SAVED, state.progress.version);
    if (this.toast) this.apputils.Notification.dismiss(this.toast);
    this.bar?.show(state.progress.empty ? "empty" : "saved");
  }

  async safely(work) {
    try {
      await work();
    } catch (error) {
      this.apputils.Notification.error(`k8slab: ${error.message}`, { autoClose: false });
    }
  }
}

// Let the tab's title call a learner who looks at another one.
function callBack(words) {
  const before = document.title;
  document.title = `⚠ ${words}`;
  document.addEventListener("visibilitychange", () => (document.title = before), { once: true });
}

function chosenFile() {
  return new Promise((resolve) => {
    const input = document.createElement("input");
    Object.assign(input, { type: "file", accept: ".json,application/json" });
    input.addEventListener("change", () => resolve(input.files[0] ?? null));
    input.addEventListener("cancel", () => resolve(null));
    input.click();
  });
}
