// The whole of what a widget carries in its state (anywidget's `_esm`): where to get the real code, and how else.
// 1. From the Jupyter server: our files lie in share/jupyter/labextensions/k8slab/static, which JupyterLab and
//    Notebook 7 serve, on Binder and JupyterHub too, without any network beyond it.
// 2. From the kernel, over the widget's own channel, where that fails (VS Code, an old copy on the server).
const VERSION = "__VERSION__";

function serverUrl() {
  const text = document.getElementById("jupyter-config-data")?.textContent;
  const config = text ? JSON.parse(text) : {};
  const root = config.fullLabextensionsUrl ?? (config.baseUrl ? `${config.baseUrl}lab/extensions` : null);
  return root && new URL(`${root}/k8slab/static/views.js?v=${VERSION}`, document.baseURI).href;
}

async function fromServer() {
  const url = serverUrl();
  const views = url && (await import(/* webpackIgnore: true */ url).catch(() => null));
  return views?.VERSION === VERSION ? views : null;
}

function fromKernel(model) {
  return new Promise((resolve) => {
    const answer = (message) => {
      if (message?.type !== "asset") return;
      model.off("msg:custom", answer);
      const url = URL.createObjectURL(new Blob([message.text], { type: "text/javascript" }));
      resolve(import(/* webpackIgnore: true */ url));
    };
    model.on("msg:custom", answer);
    model.send({ type: "asset" });
  });
}

function load(model) {
  const loaded = (globalThis.__k8slabViews ??= {});
  loaded[VERSION] ??= fromServer().then((views) => views ?? fromKernel(model));
  return loaded[VERSION];
}

// anywidget gives `initialize` two seconds, and a kernel at work may need longer to send the code: only `render` waits.
export default () => {
  let widget;
  return {
    initialize({ model }) {
      widget = load(model).then((views) => views.createWidget(model));
      return () => widget.then((made) => made.dispose());
    },
    async render({ el }) {
      return (await widget).render(el);
    },
  };
};
