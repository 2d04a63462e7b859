import type { Plugin } from "vite";
import { appShell } from "./app-shell.ts";

/**
 * Gives the service worker two constants of the app that was built before it: `__APP_VERSION__` (string) and
 * `__APP_ASSETS__` (paths relative to the base). The worker's bytes change with the app's, which is what makes
 * browsers install it again.
 */
export function serviceWorkerConstants(appDirectory: string): Plugin {
  return {
    name: "opam-web-mirror:service-worker-constants",
    config() {
      const { version, assets } = appShell(appDirectory);
      return { define: { __APP_VERSION__: JSON.stringify(version), __APP_ASSETS__: JSON.stringify(assets) } };
    },
  };
}
