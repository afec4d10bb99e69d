// How a graph view looks around its canvas.

const CSS = `
.k8slab-graph { --k8-accent: #0072b2; --k8-edge: var(--jp-border-color2, #d3d9df); --k8-soft: var(--jp-ui-font-color2, #57606a);
  --k8-card: var(--jp-layout-color2, #f3f5f7); }
[data-jp-theme-light=false] .k8slab-graph, .vscode-dark .k8slab-graph { --k8-accent: #56b4e9; }
.k8slab-graph .bar strong { font-size: 15px; font-weight: 650; letter-spacing: -.01em; }
.k8slab-graph .bar .alt { font-size: 12.5px; }
.k8slab-graph .room { position: relative; }
.k8slab-graph .canvas { position: relative; width: 100%; border: 1px solid var(--k8-edge); border-radius: 10px; overflow: hidden;
  touch-action: pan-y; box-sizing: border-box; }
.k8slab-graph .canvas:focus-visible { border-color: var(--k8-accent); box-shadow: 0 0 0 2px var(--k8-accent); }
.k8slab-graph .canvas canvas { display: block; width: 100%; height: 100%; }
.k8slab-graph .canvas .over { position: absolute; inset: 0; pointer-events: none; }
.k8slab-graph .tip { position: absolute; z-index: 2; pointer-events: none; white-space: pre; padding: 5px 9px; border-radius: 6px;
  background: var(--jp-ui-font-color0, #1f2328); color: var(--jp-layout-color0, #fff); font-size: 11.5px; line-height: 1.45;
  box-shadow: 0 2px 10px rgb(0 0 0 / .22); max-width: 420px; overflow: hidden; text-overflow: ellipsis; }
.k8slab-graph .tip::first-line { font-weight: 650; }
.k8slab-graph .zoom { position: absolute; right: 8px; bottom: 8px; display: flex; gap: 2px; opacity: 0; transition: opacity .15s; }
.k8slab-graph .room:hover .zoom, .k8slab-graph .room:focus-within .zoom { opacity: 1; }
@media (hover: none) { .k8slab-graph .zoom { opacity: 1; } }
.k8slab-graph button, .k8slab-graph select, .k8slab-graph input { font: inherit; font-size: 12px; color: var(--jp-ui-font-color1, inherit);
  background: var(--jp-layout-color1, transparent); border: 1px solid var(--k8-edge); border-radius: 6px; min-height: 26px;
  padding: 1px 9px; box-sizing: border-box; }
.k8slab-graph .zoom button { width: 28px; padding: 0; font-size: 14px; line-height: 1; }
.k8slab-graph select option { background: var(--jp-layout-color1, #fff); color: var(--jp-ui-font-color1, #000); }
.k8slab-graph button { cursor: pointer; }
.k8slab-graph button:hover { border-color: var(--k8-accent); }
.k8slab-graph :is(button, select, input, summary, pre):focus-visible { outline: 2px solid var(--k8-accent); outline-offset: 1px; }
.k8slab-graph .toolbar { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; padding: 0 0 8px; }
.k8slab-graph .toolbar label { display: inline-flex; gap: 6px; align-items: center; font-size: 12px; color: var(--k8-soft); }
.k8slab-graph .toolbar input { width: 13em; }
.k8slab-graph .toolbar select { max-width: 15em; }
.k8slab-graph .toolbar { gap: 6px 10px; }
.k8slab-graph .toggle[aria-pressed=true] { background: color-mix(in srgb, var(--k8-accent) 16%, transparent); border-color: var(--k8-accent); }
.k8slab-graph .toggle[aria-pressed=true]::before { content: "✓ "; }
.k8slab-graph .problem { color: #b34700; font-size: 12px; font-weight: 600; }
[data-jp-theme-light=false] .k8slab-graph .problem { color: #ff8533; }
.k8slab-graph .legend { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 4px 18px; padding: 7px 2px 2px; }
.k8slab-graph .shapes, .k8slab-graph .chips { display: flex; flex-wrap: wrap; gap: 3px 14px; align-items: center; color: var(--k8-soft); }
.k8slab-graph .chips { gap: 4px; }
.k8slab-graph .chips button { display: inline-flex; gap: 5px; align-items: center; min-height: 22px; border-radius: 11px; font-size: 11.5px; }
.k8slab-graph .chips button[aria-pressed=false] { opacity: .55; text-decoration: line-through; border-style: dashed; }
.k8slab-graph .answer { border-left: 3px solid var(--k8-accent); background: var(--k8-card); border-radius: 0 8px 8px 0; padding: 7px 12px;
  margin: 0 0 8px; max-height: 190px; overflow: auto; }
.k8slab-graph .answer ul { margin: 3px 0 0; padding-left: 18px; font-size: 12.5px; line-height: 1.5; }
.k8slab-graph .answer button, .k8slab-graph .details > button { float: right; min-height: 22px; }
.k8slab-graph .note { font-size: 12px; color: var(--k8-soft); padding: 0 0 6px; }
.k8slab-graph .details { border: 1px solid var(--k8-edge); border-radius: 10px; padding: 10px 14px; margin-top: 8px; }
.k8slab-graph .details .name { display: flex; gap: 8px; align-items: baseline; font-size: 14px; margin-bottom: 4px; }
.k8slab-graph .details .columns { display: grid; grid-template-columns: minmax(220px, max-content) 1fr; gap: 4px 28px; align-items: start; }
@media (max-width: 700px) { .k8slab-graph .details .columns { grid-template-columns: 1fr; } }
.k8slab-graph .details .facts td:first-child { color: var(--k8-soft); white-space: nowrap; }
.k8slab-graph .details .facts td { max-width: 30em; overflow-wrap: anywhere; }
.k8slab-graph .details .more > * { margin-bottom: 4px; }
.k8slab-graph .details .more summary { font-weight: 600; }
.k8slab-graph .details .scroll { max-height: 220px; }
.k8slab-graph .details pre { max-height: 320px; margin: 0; border-radius: 6px; }
.k8slab-graph .details th:empty { display: none; }
.k8slab-graph .details .buttons { display: flex; gap: 6px; margin-top: 6px; }
.k8slab-graph .details .why { margin-top: 8px; border-left: 3px solid var(--k8-accent); padding: 2px 12px; max-width: 75em; }
.k8slab-graph .details .why pre { white-space: pre-wrap; }
.k8slab-graph .details .why dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; margin: 6px 0; }
.k8slab-graph .details .why dt { color: var(--k8-soft); }
.k8slab-graph .details .why dd { margin: 0; }
.k8slab-graph .quiet { color: var(--k8-soft); font-size: 12px; font-weight: 400; }
.k8slab-graph .command { display: flex; flex-wrap: wrap; gap: 3px 10px; align-items: baseline; padding: 3px 0; }
.k8slab-graph .command code { font-family: var(--jp-code-font-family, monospace); font-size: 12px; background: var(--k8-card); color: inherit;
  border-radius: 4px; padding: 2px 7px; user-select: all; overflow-wrap: anywhere; }
.k8slab-graph .command button { min-height: 20px; padding: 0 7px; font-size: 11px; }
.k8slab-graph .twin table { font-variant-numeric: tabular-nums; }
.k8slab-graph .twin thead th { position: sticky; top: 0; background: var(--jp-layout-color0, #fff); }
`;

export function addGraphStyle() {
  if (document.getElementById("k8slab-graph-style")) return;
  document.head.append(Object.assign(document.createElement("style"), { id: "k8slab-graph-style", textContent: CSS }));
}
