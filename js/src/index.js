// What the loader imports: makes one widget of a model, and one view for each place it is shown in.

import { addStyle, element } from "./dom.js";
import { GraphView } from "./graph.js";
import { PanelView } from "./panel.js";
import { Store } from "./store.js";
import { TableView } from "./table.js";

export const VERSION = "__VERSION__";

const VIEWS = { graph: GraphView, table: TableView, panel: PanelView };

export function createWidget(model) {
  const store = new Store(model.get("scene"), () => model.send({ type: "resync" }));
  const views = new Set();
  const onDelta = () => store.take(model.get("delta"));
  const onMessage = (message) => {
    if (message?.type === "details") views.forEach((view) => view.showDetails?.(message));
    if (message?.type === "why") views.forEach((view) => view.showWhy?.(message));
  };
  model.on("change:delta", onDelta);
  model.on("msg:custom", onMessage);
  onDelta();
  return {
    render(el) {
      addStyle();
      const banner = element("div", { class: "banner", role: "alert", hidden: "" });
      const past = element("div", { class: "past", role: "status", hidden: "" });
      const figure = element("figure", { class: "k8slab-view" }, banner, past);
      el.append(figure);
      const view = new VIEWS[model.get("kind")](
        figure,
        store,
        model.get("looks"),
        (id) => model.send({ type: "details", id }),
        (name, value) => model.send({ type: "act", name, value }),
        (id) => model.send({ type: "why", id }),
      );
      const showBanner = (scene) => {
        for (const [node, words] of [[banner, scene.banner], [past, scene.past]]) {
          if (node.textContent !== (words ?? "")) node.textContent = words ?? "";
          node.hidden = !words;
        }
      };
      const ending = store.listen(showBanner);
      showBanner(store.scene);
      views.add(view);
      return () => {
        ending();
        views.delete(view);
        view.dispose();
      };
    },
    dispose() {
      model.off("change:delta", onDelta);
      model.off("msg:custom", onMessage);
    },
  };
}
