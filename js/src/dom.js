// Small helpers to build the page around a drawing.

export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export function table(columns, rows, caption) {
  const head = element("tr", {}, ...columns.map((c) => element("th", { scope: "col" }, c)));
  const body = rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", {}, ...[cell].flat()))));
  const node = element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
  if (caption) node.prepend(element("caption", {}, caption));
  return node;
}

/** Keep the end of a scrolling list in sight, until its reader scrolls up; also when it is shown for the first time. */
export function followEnd(node) {
  let following = true;
  const toEnd = () => {
    if (following) node.scrollTop = node.scrollHeight;
  };
  node.addEventListener("scroll", () => {
    if (node.clientHeight) following = node.scrollTop + node.clientHeight >= node.scrollHeight - 6;
  });
  new ResizeObserver(toEnd).observe(node);
  return toEnd;
}

export function glyphSvg(look, dark, size = 14) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("viewBox", "-1.3 -1.3 2.6 2.6");
  svg.setAttribute("width", size);
  svg.setAttribute("height", size);
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(ns, "path");
  const colour = dark ? look.dark : look.light;
  shape.setAttribute("d", look.path);
  shape.setAttribute("fill", look.hollow ? "none" : colour);
  shape.setAttribute("fill-rule", "evenodd");
  if (look.hollow) {
    shape.setAttribute("stroke", colour);
    shape.setAttribute("stroke-width", ".28");
    if (look.dashed) shape.setAttribute("stroke-dasharray", ".35 .25");
  }
  svg.append(shape);
  return svg;
}

// The first rule hides the still picture that stands in the output just before a live view.
const CSS = `
.jp-OutputArea-child:has(.k8slab-picture):has(+ .jp-OutputArea-child .k8slab-view) { display: none; }
.k8slab-view { margin: 0; font-family: var(--jp-ui-font-family, system-ui, sans-serif); font-size: 13px;
  color: var(--jp-ui-font-color1, inherit); }
.k8slab-view .bar { display: flex; gap: .8em; align-items: baseline; flex-wrap: wrap; padding: 2px 0 6px; }
.k8slab-view .alt { color: var(--jp-ui-font-color2, inherit); }
.k8slab-view .banner { background: #d55e00; color: #fff; padding: 6px 10px; border-radius: 4px; margin-bottom: 6px; font-weight: 600; }
.k8slab-view [hidden] { display: none !important; }
.k8slab-view .canvas { width: 100%; outline: none; border: 1px solid transparent; border-radius: 6px; overflow: hidden; }
.k8slab-view .canvas:focus-visible { border-color: var(--jp-brand-color1, #1976d2); }
.k8slab-view .legend { display: flex; flex-wrap: wrap; gap: 2px 14px; padding: 6px 0 2px; font-size: 12px; }
.k8slab-view .legend span { display: inline-flex; align-items: center; gap: 5px; }
.k8slab-view .details { border: 1px solid var(--jp-border-color1, #9aa4ae); border-radius: 6px; padding: 8px 10px; margin-top: 6px; }
.k8slab-view .details pre { max-height: 280px; overflow: auto; background: var(--jp-layout-color2, transparent); padding: 6px; font-size: 12px; }
.k8slab-view .details button { float: right; font: inherit; cursor: pointer; color: inherit; background: transparent;
  border: 1px solid var(--jp-border-color1, #9aa4ae); border-radius: 4px; }
.k8slab-view table { border-collapse: collapse; font-size: 12px; margin: 2px 0; }
.k8slab-view th, .k8slab-view td { text-align: left; padding: 2px 12px 2px 0; vertical-align: top; color: inherit; }
.k8slab-view td svg { vertical-align: -2px; margin-right: 4px; }
.k8slab-view .scroll { max-height: 260px; overflow: auto; }
.k8slab-view .scroll thead th { position: sticky; top: 0; background: var(--jp-layout-color0, #fff); }
.k8slab-view summary { cursor: pointer; font-size: 12px; }
`;

export function addStyle() {
  if (document.getElementById("k8slab-style")) return;
  document.head.append(Object.assign(document.createElement("style"), { id: "k8slab-style", textContent: CSS }));
}
