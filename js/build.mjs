// Build from src/ and the pinned npm packages what is committed: `make assets`. The widgets become k8slab/views/static, and
// what JupyterLab itself loads (src/lab) becomes the labextension.

import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const OUT = new URL("../k8slab/views/static/", import.meta.url);
const LAB = new URL("../k8slab/jupyterlab/labextensions/k8slab/static/", import.meta.url);
const common = { bundle: true, minify: true, format: "esm", target: "es2022", write: false, legalComments: "eof" };

const [views] = (await build({ ...common, entryPoints: ["src/index.js"] })).outputFiles;
const [loader] = (await build({ ...common, entryPoints: ["src/loader.js"] })).outputFiles;
const [lab] = (await build({ ...common, format: "iife", entryPoints: ["src/lab/index.js"] })).outputFiles;
const version = createHash("sha256").update(views.text).update(loader.text).digest("hex").slice(0, 12);

for (const [folder, name, file] of [[OUT, "views.js", views], [OUT, "loader.js", loader], [LAB, "lab.js", lab]]) {
  mkdirSync(folder, { recursive: true });
  const text = file.text.replaceAll("__VERSION__", version);
  writeFileSync(new URL(name, folder), text);
  console.log(`${name}  ${(text.length / 1024).toFixed(1)} kB`);
}
