import { readFileSync } from "node:fs";
import type { Plugin } from "vite";
import { appShell } from "./app-shell.ts";

/**
 * Gives the service worker two constants of the app that was built before it: `__APP_VERSION__` (a hash of its files)
 * and `__APP_ASSETS__` (paths relative to the base). The worker's bytes change with the app's, which is what makes
 * browsers install it again. `__PACKAGE_VERSION__` is the version that people know.
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
          __PACKAGE_VERSION__: JSON.stringify(manifest.version),
        },
      };
    },
  };
}
