// The one plugin: what it needs of JupyterLab, and what it puts there.

import { Keeper } from "./keeper.js";
import { Labs } from "./labs.js";
import { Server } from "./server.js";

export async function plugins(shared) {
  const names = ["application", "apputils", "coreutils", "launcher", "notebook", "services", "ui-components"];
  const modules = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await shared(`@jupyterlab/${name}`)])));
  const { ILauncher } = modules.launcher;
  const { ICommandPalette } = modules.apputils;
  const plugin = {
    id: "k8slab:labs",
    description: "The labs in the launcher; progress that can be downloaded and uploaded.",
    autoStart: true,
    optional: [ILauncher, ICommandPalette],
    activate(app, launcher, palette) {
      const server = new Server(modules, app.serviceManager.serverSettings);
      const labs = new Labs(app, modules, server, launcher);
      const keeper = new Keeper(app, modules, server);
      for (const command of [...labs.commands, ...keeper.commands]) palette?.addItem({ command, category: "k8slab" });
      modules.notebook.NotebookActions.executed.connect(() => server.refresh());
      // Without the server's half (switched off, or an old server) there is nothing to show.
      server.refresh().catch((error) => console.warn(`k8slab: ${error.message}`));
    },
  };
  return [plugin];
}
