// npm start -- FLAGS: builds when dist/ is older than the sources, then runs `opam-web-mirror serve FLAGS`.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { fingerprint, stampFile } from "./fingerprint.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const cli = join(root, "dist/node/cli.js");
const stamp = join(root, stampFile);

const current = existsSync(cli) && existsSync(stamp) && readFileSync(stamp, "utf8").trim() === fingerprint(root);
if (!current) {
  console.error(
    `${existsSync(cli) ? "The sources changed since the last build" : "Not built yet"}: building the app, this takes some seconds.`,
  );
  const built = spawnSync(process.execPath, [join(root, "scripts/build.mjs")], {
    cwd: root,
    stdio: ["ignore", 2, 2],
  });
  if (built.status !== 0) {
    console.error("The build failed, so nothing was started. Run npm ci if dependencies are missing, then try again.");
    process.exit(1);
  }
}

process.argv.splice(1, 1, cli, "serve");
await import(pathToFileURL(cli).href);
