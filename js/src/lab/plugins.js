// The one plugin: what it needs of JupyterLab, and what it puts there.

import { Keeper } from "./keeper.js";
import { Labs } from "./labs.js";
import { Server } from "./server.js";

const NEEDED = ["apputils", "coreutils", "notebook", "services", "ui-components"];

export async function plugins(shared) {
  const modules = Object.fromEntries(await Promise.all(NEEDED.map(async (name) => [name, await shared(`@jupyterlab/${name}`)])));
  const { ICommandPalette } = modules.apputils;
  const { ILauncher } = await shared("@jupyterlab/launcher").catch(() => ({})); // Notebook 7 may have none
  const plugin = {
    id: "k8slab:labs",
    description: "The labs in the launcher; progress that can be downloaded and uploaded.",
    autoStart: true,
    optional: [ICommandPalette, ...(ILauncher ? [ILauncher] : [])],
    activate(app, palette, launcher) {
      const server = new Server(modules, app.serviceManager.serverSettings);
      const labs = new Labs(app, modules, server, launcher);
      const keeper = new Keeper(app, modules, server);
      for (const command of [...labs.commands, ...keeper.commands]) palette?.addItem({ command, category: "k8slab" });
      // Without the server's half (switched off, or gone) there is nothing to show.
      const refresh = () => server.refresh().catch((error) => console.warn(`k8slab: ${error.message}`));
      modules.notebook.NotebookActions.executed.connect(refresh);
      refresh();
    },
  };
  return [plugin];
}
