// npm run bench -- [--only PART|ROW]… [--runs N] [--json FILE] [--plot FILE] [--profile FOLDER]: see docs/performance.md.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { register } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fingerprint, stampFile } from "./fingerprint.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");

// What is measured is the product as it is built.
const stamp = join(root, stampFile);
if (!existsSync(stamp) || readFileSync(stamp, "utf8").trim() !== fingerprint(root)) {
  console.log("building the app");
  const { status } = spawnSync(process.execPath, [join(root, "scripts/build.mjs")], { cwd: root, stdio: "inherit" });
  if (status !== 0) {
    console.error("bench: the build failed, so there is nothing to measure.");
    process.exit(1);
  }
}

register("./typescript-hooks.mjs", import.meta.url);
const { main } = await import("../tests/bench/main.ts");
// Not awaited to the last handle: a browser that hangs at its end must not hold up the figures.
process.exit(await main(process.argv.slice(2)));
