// How panels look. Colours are variables set from k8slab/views/look.py, so that one palette rules light and dark.

import { element } from "./dom.js";

const TONES = ["ok", "no", "warn", "info", "soft", "win", "a", "b", "c", "d", "e", "f"];

const CSS = `
.k8slab-panel .blocks > * { margin: 6px 0; }
.k8slab-panel .quiet { color: var(--k8-soft); font-size: 12px; }
.k8slab-panel .note { max-width: 60em; }
.k8slab-panel .note.framed { border-left: 4px solid currentColor; padding: 4px 10px; background: var(--k8-card); border-radius: 0 4px 4px 0; }
.k8slab-panel button, .k8slab-panel select, .k8slab-panel input[type=text] { font: inherit; color: var(--jp-ui-font-color1, inherit);
  background: var(--jp-layout-color1, transparent); border: 1px solid var(--jp-border-color1, #9aa4ae); border-radius: 4px;
  padding: 2px 9px; min-height: 26px; line-height: 1.3; box-sizing: border-box; margin: 0; }
.k8slab-panel input[type=text] { height: 27px; width: 13em; padding-block: 0; }
.k8slab-panel select option { background: var(--jp-layout-color1, #fff); color: var(--jp-ui-font-color1, #000); }
.k8slab-panel button { cursor: pointer; }
.k8slab-panel button:hover:not(:disabled) { border-color: var(--k8-info); }
.k8slab-panel button:disabled { opacity: .45; cursor: default; }
.k8slab-panel button[aria-pressed=true] { background: var(--k8-info); color: var(--jp-layout-color0, #fff); border-color: var(--k8-info); }
.k8slab-panel :focus-visible { outline: 2px solid var(--k8-info); outline-offset: 1px; }
.k8slab-panel .controls { display: flex; flex-wrap: wrap; gap: 6px 10px; align-items: center; }
.k8slab-panel .controls label { display: inline-flex; gap: 6px; align-items: center; }
.k8slab-panel .controls label.slider { flex: 1 1 320px; }
.k8slab-panel .controls input[type=range] { flex: 1 1 120px; accent-color: var(--k8-info); max-width: 520px; }
.k8slab-panel .controls.frames input[type=range] { max-width: 240px; }
.k8slab-panel output { color: var(--k8-soft); font-variant-numeric: tabular-nums; }
.k8slab-panel .gridscroll { overflow: auto; max-height: 420px; width: fit-content; max-width: 100%; }
.k8slab-panel .gridscroll.tall { max-height: 560px; }
.k8slab-panel table { margin: 0; font-variant-numeric: tabular-nums; }
.k8slab-panel caption { text-align: left; color: var(--k8-soft); padding: 0 0 3px; }
.k8slab-panel th { font-weight: 600; }
.k8slab-panel tbody th { font-weight: 500; }
.k8slab-panel th, .k8slab-panel td { position: relative; padding: 3px 12px 3px 4px; white-space: pre-wrap; max-width: 46em; }
.k8slab-panel table:not(.mono) tbody td:not(:last-child), .k8slab-panel tbody th { white-space: nowrap; }
.k8slab-panel select { max-width: 26em; }
.k8slab-panel thead th { position: sticky; top: 0; background: var(--jp-layout-color0, #fff); z-index: 1;
  border-bottom: 1px solid var(--k8-line); }
.k8slab-panel tbody tr:hover > * { background: var(--k8-card); }
.k8slab-panel table.mono td { font-family: var(--jp-code-font-family, monospace); }
.k8slab-panel table.mono tbody th { font-weight: 400; }
.k8slab-panel table.mono td, .k8slab-panel table.mono tbody th { padding-block: 1px; }
.k8slab-panel td.middle { text-align: center; padding-inline: 6px; }
.k8slab-panel table.upright tr > :first-child { position: sticky; left: 0; z-index: 2; background: var(--jp-layout-color0, #fff); }
.k8slab-panel table.upright thead th { vertical-align: bottom; padding-inline: 4px; }
.k8slab-panel table.upright thead th:not(:first-child) span { writing-mode: vertical-rl; transform: rotate(180deg); max-height: 13em;
  font-weight: 500; }
.k8slab-panel [data-open] { cursor: pointer; }
.k8slab-panel [data-open]:hover { text-decoration: underline; text-underline-offset: 3px; text-decoration-thickness: 1px; }
.k8slab-panel .chosen { outline: 2px solid var(--k8-info); outline-offset: -2px; border-radius: 3px; }
.k8slab-panel td .meter { position: absolute; left: 2px; bottom: 1px; height: 2px; background: currentColor; opacity: .6; border-radius: 2px; }
.k8slab-panel .more { border-left: 3px solid var(--k8-info); background: var(--k8-card); padding: 5px 10px; margin-top: 4px;
  border-radius: 0 4px 4px 0; white-space: pre-wrap; max-width: 70em; }
.k8slab-panel .more button { float: right; min-height: 0; padding: 0 7px; }
.k8slab-panel .later { visibility: hidden; }
.k8slab-panel .nowstep { background: var(--k8-card); }
.k8slab-panel svg { display: block; width: 100%; height: auto; font-family: var(--jp-ui-font-family, system-ui, sans-serif); }
.k8slab-panel svg [data-index] { cursor: pointer; outline: none; vector-effect: non-scaling-stroke; }
.k8slab-panel svg [data-index]:hover { filter: brightness(1.15); }
.k8slab-panel svg [data-index]:focus-visible { stroke: var(--k8-ink) !important; stroke-width: 3px; }
.k8slab-panel svg text { font-variant-numeric: tabular-nums; }
.k8slab-panel .cursor { stroke: var(--k8-soft); stroke-dasharray: 3 3; }
.k8slab-panel .cursor[hidden] { display: none; }
.k8slab-panel .lines { max-height: 320px; overflow: auto; font-family: var(--jp-code-font-family, monospace); font-size: 12px;
  line-height: 1.45; white-space: pre-wrap; overflow-wrap: anywhere; background: var(--k8-card); border-radius: 4px; padding: 6px 8px; }
.k8slab-panel .lines:empty { display: none; }
.k8slab-panel .who { margin-right: 1ch; font-weight: 600; }
.k8slab-panel .commands { border-top: 1px solid var(--k8-line); padding-top: 5px; }
.k8slab-panel .command { display: flex; flex-wrap: wrap; gap: 3px 10px; align-items: baseline; margin: 2px 0; }
.k8slab-panel .command .quiet { flex: 0 0 13em; }
.k8slab-panel .command code { background: var(--k8-card); border-radius: 3px; padding: 1px 6px; white-space: pre-wrap; user-select: all;
  font-family: var(--jp-code-font-family, monospace); font-size: 12px; overflow-wrap: anywhere; max-width: 60em; color: inherit; }
.k8slab-panel .command button { min-height: 0; padding: 0 7px; font-size: 12px; }
.k8slab-view .past { background: #0063a0; color: #fff; padding: 5px 10px; border-radius: 4px; margin-bottom: 6px; font-weight: 600; }
${TONES.map((t) => `.k8slab-panel .tone-${t} { color: var(--k8-${t}); }`).join("\n")}
.k8slab-panel .tone-win { font-weight: 700; }
.k8slab-panel tr:has(.tone-win) th { font-weight: 700; }
@media (prefers-reduced-motion: no-preference) { .k8slab-panel .meter { transition: width .2s; } }
`;

export function addPanelStyle() {
  if (document.getElementById("k8slab-panel-style")) return;
  document.head.append(Object.assign(element("style"), { id: "k8slab-panel-style", textContent: CSS }));
}
