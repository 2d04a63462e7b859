import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The files that make the app start offline. */
export interface AppShell {
  /** Changes when a byte of any of them does. */
  readonly version: string;
  /** Paths relative to the base, sorted: `index.html`, `assets/…`. */
  readonly assets: readonly string[];
}

// The service worker cannot contain its own hash, and its engine is kept by the browser with it; maps and screenshots are not needed to start, nor is the experiment, which
// clones from the server that its code comes from.
const left = /^(sw\.js|sw-engine\.js|screenshots\/.*|assets\/experiment-worker-.*|.*\.map)$/;

/** Reads the built app of `directory`. */
export function appShell(directory: string): AppShell {
  const hash = createHash("sha256");
  const assets = files(directory, "").filter((path) => !left.test(path));
  for (const path of assets) {
    const bytes = readFileSync(join(directory, path));
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  return { version: hash.digest("hex").slice(0, 16), assets };
}

function files(directory: string, prefix: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(directory, prefix), { withFileTypes: true })) {
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory()) found.push(...files(directory, `${path}/`));
    else found.push(path);
  }
  return found.sort();
}
