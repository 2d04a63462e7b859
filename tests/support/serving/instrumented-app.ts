import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../gateway.ts";

const built = fileURLToPath(new URL("../../../dist/app", import.meta.url));

/** Scripts of the built app in which an engine runs. */
const engines = /^engine-worker-.*\.js$/;

/**
 * A copy of the built app whose engines run `prologue` first: what a test wants to see or to hold up inside of them needs no
 * hook in the product. `prologue` must not use anything outside of itself.
 */
export async function instrumentedApp<A extends readonly unknown[]>(
  prologue: (...args: A) => void,
  ...args: A
): Promise<AsyncDisposable & { path: string }> {
  const folder = await temporaryFolder();
  const path = folder.at("app");
  await cp(built, path, { recursive: true });
  const source = `(${prologue.toString()})(${args.map((arg) => JSON.stringify(arg)).join(", ")});\n`;
  const scripts = (await readdir(join(path, "assets")))
    .filter((name) => engines.test(name))
    .map((name) => join(path, "assets", name));
  if (scripts.length === 0) throw new Error("The built app has no engine: build it first.");
  for (const script of scripts) await writeFile(script, source + (await readFile(script, "utf8")));
  return { path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}
