// Build from src/ and the pinned npm packages what is committed: `make assets`. The widgets become k8slab/views/static, and
// what JupyterLab itself loads (src/lab) becomes the labextension. The first line of each names its sources, so that a test
// without Node.js sees when somebody forgot to build (tests/views/test_javascript.py).

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const OUT = new URL("../k8slab/views/static/", import.meta.url);
const LAB = new URL("../k8slab/jupyterlab/labextensions/k8slab/static/", import.meta.url);
const common = { bundle: true, minify: true, format: "esm", target: "es2022", write: false, legalComments: "eof" };

const [views] = (await build({ ...common, entryPoints: ["src/index.js"] })).outputFiles;
const [loader] = (await build({ ...common, entryPoints: ["src/loader.js"] })).outputFiles;
const [lab] = (await build({ ...common, format: "iife", entryPoints: ["src/lab/index.js"] })).outputFiles;
const sources = createHash("sha256");
const names = readdirSync("src", { recursive: true }).map((name) => name.replaceAll("\\", "/"));
for (const name of names.filter((name) => name.endsWith(".js")).sort()) sources.update(name).update(readFileSync(`src/${name}`));
const first = `// From js/src, sha256 ${sources.digest("hex").slice(0, 16)}\n`;
const version = createHash("sha256").update(views.text).update(loader.text).digest("hex").slice(0, 12);

// The loader is kept in every saved notebook: it goes without.
for (const [folder, name, file, head] of [[OUT, "views.js", views, first], [OUT, "loader.js", loader, ""], [LAB, "lab.js", lab, first]]) {
  mkdirSync(folder, { recursive: true });
  const text = head + file.text.replaceAll("__VERSION__", version);
  writeFileSync(new URL(name, folder), text);
  console.log(`${name}  ${(text.length / 1024).toFixed(1)} kB`);
}
