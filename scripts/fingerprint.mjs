import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Says of which sources dist/ was built. */
export const stampFile = "dist/fingerprint";

const inputs = [
  "src",
  "sw",
  "public",
  "vite",
  "vite.config.ts",
  "scripts/build.mjs",
  "scripts/client-types.mjs",
  "package.json",
  "package-lock.json",
  "tsconfig.base.json",
];

/** A hash over the names and bytes of everything the build reads. */
export function fingerprint(root) {
  const hash = createHash("sha256").update(process.versions.node.split(".")[0]);
  const add = (path) => {
    const found = statSync(join(root, path), { throwIfNoEntry: false });
    if (found === undefined) return;
    if (found.isDirectory()) {
      for (const name of readdirSync(join(root, path)).sort()) add(`${path}/${name}`);
      return;
    }
    const bytes = readFileSync(join(root, path));
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  };
  for (const path of inputs) add(path);
  return hash.digest("hex");
}
