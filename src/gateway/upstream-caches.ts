import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { FolderCache } from "./archive-folder.ts";
import { algorithms } from "./checksum.ts";
import { OperatorError } from "./operator-error.ts";
import type { Log } from "./options.ts";
import { isRemote } from "./repository-option.ts";

/** The `--upstream-cache` values, checked: folders, and URLs ending in a slash. Throws an OperatorError for one that is neither. */
export async function upstreamCaches(
  caches: readonly string[],
  log: Log,
): Promise<{ folders: FolderCache[]; urls: URL[] }> {
  const folders: FolderCache[] = [];
  const urls: URL[] = [];
  for (const cache of caches) {
    if (isRemote(cache)) {
      if (!URL.canParse(cache))
        throw new OperatorError("usage", `--upstream-cache ${cache}: it is not a valid URL. Check its host and port.`);
      urls.push(new URL(cache.endsWith("/") ? cache : `${cache}/`));
      continue;
    }
    const path = resolve(cache);
    if (!(await stat(path).catch(() => null))?.isDirectory()) {
      throw new OperatorError(
        "usage",
        `--upstream-cache ${cache}: there is no such folder. Give the URL or the folder of an opam cache.`,
      );
    }
    const present = await Promise.all(
      algorithms.map(async (name) => (await stat(join(path, name)).catch(() => null))?.isDirectory() ?? false),
    );
    if (!present.includes(true)) {
      throw new OperatorError(
        "usage",
        `--upstream-cache ${cache}: it has none of the folders ${algorithms.join(", ")}. Give the folder that contains them.`,
      );
    }
    folders.push(new FolderCache(path, log));
  }
  return { folders, urls };
}
