import { copyFile, cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type InlineConfig } from "vite";
import { cacheFolder } from "./cache-folder.ts";

const source = fileURLToPath(new URL("browser/", import.meta.url));
const product = fileURLToPath(new URL("../../dist/app", import.meta.url));

const modules = ["page", "engine-worker", "pack-worker", "stock-worker"];
/** Classic scripts, as the product's service worker is. */
const serviceWorkers = ["workbox-service-worker", "empty-service-worker"];

/**
 * The built product with the benchmark's own page and workers beside it, in `bench/`, as one folder that the gateway
 * serves: everything shares the product's origin, scope and service worker. `readable` keeps names for profiles.
 */
export async function buildAppFolder(packFile: string, readable: boolean): Promise<string> {
  const folder = join(cacheFolder, `app-${process.pid}`);
  await rm(folder, { recursive: true, force: true });
  await cp(product, folder, { recursive: true });
  const bench = join(folder, "bench");
  await mkdir(bench, { recursive: true });
  const input = Object.fromEntries(modules.map((name) => [name, join(source, `${name}.ts`)]));
  await build(config(bench, readable, { input, output: { format: "es", entryFileNames: "[name].js" } }));
  for (const name of serviceWorkers) {
    const output = { format: "iife" as const, entryFileNames: `${name}.js` };
    await build(config(bench, readable, { input: join(source, `${name}.ts`), output }));
  }
  await writeFile(
    join(bench, "page.html"),
    '<!doctype html><title>bench</title><script type="module" src="page.js"></script>\n',
  );
  await copyFile(packFile, join(bench, "subject.pack"));
  return folder;
}

function config(
  outDir: string,
  readable: boolean,
  rolldownOptions: NonNullable<NonNullable<InlineConfig["build"]>["rolldownOptions"]>,
): InlineConfig {
  return {
    configFile: false,
    logLevel: "warn",
    root: source,
    base: "./",
    publicDir: false,
    build: {
      outDir,
      emptyOutDir: false,
      target: ["chrome111", "firefox128", "safari16.4"],
      reportCompressedSize: false,
      modulePreload: { polyfill: false },
      minify: readable ? false : "oxc",
      rolldownOptions,
    },
  };
}
