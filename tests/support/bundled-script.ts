import { fileURLToPath } from "node:url";
import { build } from "vite";

/** A classic script of a test's own, with all that it imports. */
export async function bundledScript(entry: URL): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: "warn",
    build: {
      write: false,
      minify: false,
      target: "es2022",
      lib: { entry: fileURLToPath(entry), formats: ["iife"], name: "bundled" },
    },
  });
  const [first] = Array.isArray(result) ? result : [result];
  if (!first || !("output" in first)) throw new Error("The bundler gave no output.");
  return first.output[0].code;
}
