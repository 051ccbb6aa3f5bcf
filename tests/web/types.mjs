/* The page's script has no type errors: esbuild, which bundles it, does not look. */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const SKIPPED = 77; /* what Meson takes for "skipped" */
let compiler;
try {
  compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
} catch {
  console.log("skipped: typescript is not installed (npm install in tests/)");
  process.exit(SKIPPED);
}
const project = fileURLToPath(new URL("../../web", import.meta.url));
process.exit(spawnSync(process.execPath, [compiler, "-p", project], { stdio: "inherit" }).status ?? 1);
