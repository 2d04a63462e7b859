// Builds dist/: node scripts/build.mjs [app|sw-engine|sw|client|client-sw|node]… (all of them without an argument).
import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { writeClientTypes } from "./client-types.mjs";
import { fingerprint, stampFile } from "./fingerprint.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
// The service worker is told what the app consists of: the app comes first.
const order = ["app", "sw-engine", "sw", "client", "client-sw", "node"];
const wanted = process.argv.slice(2);

const unknown = wanted.filter((name) => !order.includes(name));
if (unknown.length > 0) {
  console.error(`build: there is no target ${unknown.join(", ")}. Known are: ${order.join(", ")}.`);
  process.exit(2);
}

const before = fingerprint(root);
rmSync(join(root, stampFile), { force: true });
for (const target of order.filter((name) => wanted.length === 0 || wanted.includes(name))) {
  const started = performance.now();
  await build({ configFile: join(root, "vite.config.ts"), mode: target });
  if (
    target === "app" &&
    !wanted.includes("sw") &&
    wanted.length > 0 &&
    existsSync(join(root, "sw/service-worker.ts"))
  ) {
    console.log("build: the app changed; build sw as well, or its list of files is out of date");
  }
  if (target === "client") writeClientTypes(root, join(root, "dist/client/types"));
  if (target === "client-sw") cpSync(join(root, "dist/app/sw-engine.js"), join(root, "dist/client/sw-engine.js"));
  if (target === "node") {
    cpSync(join(root, "src/demo/packages"), join(root, "dist/node/packages"), { recursive: true });
    chmodSync(join(root, "dist/node/cli.js"), 0o755);
  }
  console.log(`build: ${target} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}
// Only a whole build makes dist/ current.
if (wanted.length === 0) {
  mkdirSync(dirname(join(root, stampFile)), { recursive: true });
  writeFileSync(join(root, stampFile), `${before}\n`);
}
