// Module hooks by which Node runs the project's TypeScript as it is (`module.register`): types are taken out, nothing else.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { transformWithOxc } from "vite";

export async function load(url, context, nextLoad) {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return nextLoad(url, context);
  const path = fileURLToPath(url);
  const { code } = await transformWithOxc(await readFile(path, "utf8"), path, { target: "node20", sourcemap: false });
  return { format: "module", source: code, shortCircuit: true };
}
