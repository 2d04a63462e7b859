import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";
import { appShell } from "./app-shell.ts";

/**
 * How the service worker imports its engine: with a hash, since imported scripts may come out of the HTTP cache, and since the worker's
 * bytes have to change when the engine's do.
 */
export function engineScript(directory: string): string {
  const bytes = readFileSync(join(directory, "sw-engine.js"));
  return `sw-engine.js?${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}`;
}

/**
 * Gives the service worker constants of the app that was built before it: `__APP_VERSION__` (a hash of its files)
 * and `__APP_ASSETS__` (paths relative to the base). The worker's bytes change with the app's, which is what makes
 * browsers install it again. `__ENGINE_SCRIPT__` is the engine's script beside it. `__PACKAGE_VERSION__` is the version that people know.
 */
export function serviceWorkerConstants(appDirectory: string): Plugin {
  return {
    name: "opam-web-mirror:service-worker-constants",
    config() {
      const { version, assets } = appShell(appDirectory);
      const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
        version: string;
      };
      return {
        define: {
          __APP_VERSION__: JSON.stringify(version),
          __APP_ASSETS__: JSON.stringify(assets),
          __ENGINE_SCRIPT__: JSON.stringify(engineScript(appDirectory)),
          __PACKAGE_VERSION__: JSON.stringify(manifest.version),
        },
      };
    },
  };
}
