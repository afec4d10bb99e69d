// Build k8slab/views/static from src/ and the pinned npm packages: `make assets`. The result is committed.

import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const OUT = new URL("../k8slab/views/static/", import.meta.url);
const common = { bundle: true, minify: true, format: "esm", target: "es2022", write: false, legalComments: "eof" };

const [views] = (await build({ ...common, entryPoints: ["src/index.js"] })).outputFiles;
const [loader] = (await build({ ...common, entryPoints: ["src/loader.js"] })).outputFiles;
const version = createHash("sha256").update(views.text).update(loader.text).digest("hex").slice(0, 12);

mkdirSync(OUT, { recursive: true });
for (const [name, file] of [["views.js", views], ["loader.js", loader]]) {
  const text = file.text.replaceAll("__VERSION__", version);
  writeFileSync(new URL(name, OUT), text);
  console.log(`${name}  ${(text.length / 1024).toFixed(1)} kB`);
}
