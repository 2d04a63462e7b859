import { readFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";
import type { Experiment } from "../bench.ts";
import { figure, makeRow } from "../row.ts";

const dist = fileURLToPath(new URL("../../../dist", import.meta.url));
const kilobyte = 1000;

export const size: Experiment = {
  part: "size",
  ids: ["size.sw", "size.client", "size.dashboard"],
  async measure(bench) {
    const emit = async (id: string, folder: string, files: readonly string[], atMost: number) => {
      const sizes = await Promise.all(files.map((file) => brotliBytes(join(dist, folder, file))));
      const total = sizes.reduce((sum, bytes) => sum + bytes, 0) / kilobyte;
      const list = files.map((file, i) => `${file} ${figure(sizes[i]! / kilobyte)}`);
      bench.emit(makeRow({ id, unit: "kB", samples: [total], atMost, note: list.join(", ") }));
    };
    await emit("size.sw", "app", ["sw.js"], 45);
    await emit("size.client", "client", await withImports(join(dist, "client"), ["opam-web-mirror.js"]), 10);
    await emit("size.dashboard", "app", ["index.html", ...(await firstLoad(join(dist, "app")))], 80);
  },
};

async function brotliBytes(file: string): Promise<number> {
  return brotliCompressSync(await readFile(file)).length;
}

/** What the page asks for before anything of it runs: its scripts with all they import, and its style sheets. */
async function firstLoad(app: string): Promise<string[]> {
  const html = await readFile(join(app, "index.html"), "utf8");
  const named = [...html.matchAll(/<(?:script|link)\b[^>]*?\b(?:src|href)="(?:\.\/)?([^":]+\.(?:js|css))"/g)].map(
    ([, path]) => path!,
  );
  return withImports(app, named);
}

/** The files and all that they import statically, once each. Workers and imports that wait for an event do not count. */
async function withImports(folder: string, entries: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const queue = [...entries]; queue.length > 0; ) {
    const file = queue.pop()!;
    if (found.has(file)) continue;
    found.add(file);
    if (!file.endsWith(".js")) continue;
    const text = await readFile(join(folder, file), "utf8");
    for (const [, path] of text.matchAll(/(?:\bfrom|\bimport)\s*"(\.{1,2}\/[^"]+\.js)"/g)) {
      queue.push(posix.join(dirname(file), path!));
    }
  }
  return [...found];
}
