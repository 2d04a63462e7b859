import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { UserConfig, UserConfigFnObject } from "vite";
import { engineScript, serviceWorkerConstants } from "./vite/service-worker-constants.ts";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const packageVersion = (JSON.parse(readFileSync(at("package.json"), "utf8")) as { version: string }).version;

const common: UserConfig = {
  logLevel: "warn",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
};

/** Browsers that run module workers and everything else the app needs: those of the last three years. */
const browsers = ["chrome111", "firefox128", "safari16.4"];

/** Modules that the service worker has in its second script. */
const serviceWorkerAlias = {
  alias: [
    { find: /^\.\/rare-digests\.ts$/, replacement: at("sw/rare-digests.ts") },
    { find: /^\.\/indexeddb-(?:collect|git-files|pack-writer)\.ts$/, replacement: at("sw/engine-storage.ts") },
  ],
};

/** One build each; `scripts/build.mjs` chooses by mode. */
const targets: Readonly<Record<string, () => UserConfig>> = {
  app: () => ({
    ...common,
    root: at("src/dashboard"),
    publicDir: at("public"),
    // Relative, so that the same files work below any base path.
    base: "./",
    build: {
      outDir: at("dist/app"),
      emptyOutDir: true,
      target: browsers,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
  }),

  // The engine for syncs without a page: imported by the service worker when it is needed.
  "sw-engine": () => ({
    ...common,
    publicDir: false,
    build: {
      outDir: at("dist/app"),
      emptyOutDir: false,
      target: browsers,
      reportCompressedSize: false,
      rolldownOptions: { input: at("sw/engine.ts"), output: { format: "iife", entryFileNames: "sw-engine.js" } },
    },
  }),

  sw: () => ({
    ...common,
    publicDir: false,
    resolve: serviceWorkerAlias,
    plugins: [serviceWorkerConstants(at("dist/app"))],
    build: {
      outDir: at("dist/app"),
      emptyOutDir: false,
      target: browsers,
      reportCompressedSize: false,
      // A classic script: module service workers need Firefox 147.
      rolldownOptions: { input: at("sw/service-worker.ts"), output: { format: "iife", entryFileNames: "sw.js" } },
    },
  }),

  // The same service worker for other people's sites: it has no app of its own to keep.
  "client-sw": () => ({
    ...common,
    publicDir: false,
    resolve: serviceWorkerAlias,
    define: {
      __APP_VERSION__: JSON.stringify(packageVersion),
      __PACKAGE_VERSION__: JSON.stringify(packageVersion),
      __APP_ASSETS__: "[]",
      __ENGINE_SCRIPT__: JSON.stringify(engineScript(at("dist/app"))),
    },
    build: {
      outDir: at("dist/client"),
      emptyOutDir: false,
      target: browsers,
      reportCompressedSize: false,
      rolldownOptions: { input: at("sw/service-worker.ts"), output: { format: "iife", entryFileNames: "sw.js" } },
    },
  }),

  client: () => ({
    ...common,
    publicDir: false,
    base: "./",
    build: {
      outDir: at("dist/client"),
      emptyOutDir: true,
      target: browsers,
      reportCompressedSize: false,
      rolldownOptions: {
        input: at("src/client/mirror.ts"),
        preserveEntrySignatures: "strict",
        output: { format: "es", entryFileNames: "opam-web-mirror.js" },
      },
    },
  }),

  node: () => ({
    ...common,
    publicDir: false,
    build: {
      outDir: at("dist/node"),
      emptyOutDir: true,
      target: "node20",
      ssr: at("src/cli/main.ts"),
      rolldownOptions: { output: { format: "es", entryFileNames: "cli.js", codeSplitting: false } },
    },
  }),
};

// Without a target's name, `vite` itself serves the app; vitest takes what all have in common.
const config: UserConfigFnObject = ({ mode }) =>
  targets[mode]?.() ?? (process.env.VITEST === undefined ? targets.app!() : common);

export default config;
