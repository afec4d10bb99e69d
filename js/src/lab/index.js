// k8slab in JupyterLab, as a prebuilt extension: JupyterLab loads this file, hands over the modules that all extensions
// share and asks for "./extension" (webpack's module federation: a container has `init` and `get`). That is little enough
// to do without JupyterLab's builder.

import { plugins } from "./plugins.js";

const CORE = "application-top";
let scope = {};

// Return a module that JupyterLab shares: of several versions the one of JupyterLab itself.
async function shared(name) {
  const versions = Object.values(scope[name] ?? {});
  const module = versions.find((version) => version.from?.includes(CORE)) ?? versions[0];
  if (!module) throw new Error(`k8slab: this JupyterLab does not share ${name}`);
  return (await module.get())();
}

globalThis._JUPYTERLAB ??= {};
globalThis._JUPYTERLAB.k8slab = {
  init(theirs) {
    scope = theirs;
  },
  async get(module) {
    if (module !== "./extension") throw new Error(`k8slab has no ${module}`);
    const exported = { __esModule: true, default: await plugins(shared) };
    return () => exported;
  },
};
