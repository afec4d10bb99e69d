// The bar of a session that is not kept: whether the progress has been downloaded, and the buttons for both ways.

const WORDS = {
  empty: "This session is not kept.",
  unsaved: "This session is not kept. Your progress has not been downloaded yet.",
  saved: "Your progress is downloaded.",
};

const STYLE = `
.k8slab-bar { position: fixed; right: 12px; top: 2px; height: 24px; z-index: 100; display: flex; align-items: center; gap: 8px;
  font-family: var(--jp-ui-font-family); font-size: var(--jp-ui-font-size1); color: var(--jp-ui-font-color1);
  background: var(--jp-layout-color1); }
.k8slab-bar[data-state=unsaved] span { font-weight: 600; }
.k8slab-bar button { height: 22px; padding: 0 8px; border: 1px solid var(--jp-border-color1); border-radius: 2px; cursor: pointer;
  font: inherit; color: var(--jp-ui-font-color1); background: var(--jp-layout-color2); }
.k8slab-bar[data-state=unsaved] button.download { color: #fff; background: #1565c0; border-color: #1565c0; }
.k8slab-bar button:focus-visible { outline: 2px solid var(--jp-brand-color1); outline-offset: 1px; }
@media (max-width: 1100px) { .k8slab-bar span { position: absolute; width: 1px; height: 1px; overflow: hidden; } }
`;

export function bar(download, upload) {
  const style = document.createElement("style");
  style.textContent = STYLE;
  document.head.append(style);
  const node = document.createElement("div");
  node.className = "k8slab-bar";
  node.setAttribute("role", "region");
  node.setAttribute("aria-label", "Your progress");
  const words = document.createElement("span");
  words.setAttribute("role", "status");
  node.append(words, button("Download progress", "download", download), button("Upload progress", "upload", upload));
  return {
    node,
    show(state) {
      node.dataset.state = state;
      words.textContent = WORDS[state];
      node.querySelector(".download").hidden = state === "empty";
    },
  };
}

function button(text, name, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = name;
  made.textContent = text;
  made.addEventListener("click", act);
  return made;
}
