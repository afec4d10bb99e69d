// The labs in JupyterLab's launcher, in a section of their own above all others.

const OPEN = "k8slab:open-lab";

export class Labs {
  constructor(app, { "ui-components": ui, apputils }, server, launcher) {
    Object.assign(this, { app, ui, apputils, server, launcher });
    this.items = [];
    this.commands = [];
    server.onChange((state) => this.show(state.labs));
  }

  show(labs) {
    if (!this.app.commands.hasCommand(OPEN)) this.register();
    for (const item of this.items.splice(0)) item.dispose();
    this.items = labs.map(({ id }, rank) =>
      this.launcher?.add({ command: OPEN, args: { id }, category: "k8slab", categoryRank: -1, rank }),
    ).filter(Boolean);
  }

  find(id) {
    return this.server.state.labs.find((lab) => lab.id === id);
  }

  register() {
    this.app.commands.addCommand(OPEN, {
      label: ({ id }) => (id ? this.find(id).title : "Open a lab"),
      caption: ({ id }) => (id ? caption(this.find(id)) : ""),
      icon: ({ id }) => (id ? this.icon(this.find(id)) : undefined),
      execute: ({ id }) => this.open(id),
    });
  }

  async open(id) {
    if (!this.find(id).path) {
      await this.server.copyLabs();
      this.apputils.Notification.info("The labs are copied to k8slab-labs; they are yours to change.", { autoClose: 8000 });
    }
    return this.app.commands.execute("docmanager:open", { path: this.find(id).path });
  }

  icon({ id, done, exercises }) {
    return new this.ui.LabIcon({ name: `k8slab:lab-${id}-${done}-${exercises}`, svgstr: picture(id, done, exercises) });
  }
}

function caption({ id, title, done, exercises, path }) {
  const where = path ? "" : " Opens a copy in k8slab-labs.";
  return `Lab ${id}: ${title}. ${done} of ${exercises} exercises done.${where}`;
}

// A ring that closes with the exercises, and in it the lab's number and how many are done. JupyterLab's classes follow the
// theme; they would fill whatever has a `fill`, so the rings have a style instead.
export function picture(id, done, exercises) {
  const ring = 'cx="24" cy="24" r="21" style="fill:none" stroke-width="3.5"';
  const share = exercises ? (100 * done) / exercises : 0;
  const arc = `pathLength="100" stroke-dasharray="${share.toFixed(1)} 100" transform="rotate(-90 24 24)"`;
  const text = 'class="jp-icon3" fill="#616161" x="24" text-anchor="middle" font-family="sans-serif"';
  return `<svg xmlns="http://www.w3.org/2000/svg" width="24" viewBox="0 0 48 48">
<circle ${ring} stroke="#9e9e9e" stroke-opacity="0.45"/>${share ? `<circle ${ring} stroke="#43a047" ${arc}/>` : ""}
<text ${text} y="26" font-size="18">${id}</text><text ${text} y="37" font-size="9.5">${done}/${exercises}</text>
</svg>`;
}
