import type { collectUnnamed as collect } from "../src/store/indexeddb-collect.ts";
import type { indexedDbGitFiles as gitFiles } from "../src/store/indexeddb-git-files.ts";
import type { writePack as packWriter } from "../src/store/indexeddb-pack-writer.ts";

/** Stands for the modules of src/store that only syncs call: the engine's script opens a store of its own, which has them. */
export const collectUnnamed: typeof collect = async () => missing("collects nothing");
export const indexedDbGitFiles: typeof gitFiles = () => missing("has no Git files");
export const writePack: typeof packWriter = () => missing("writes no packs");

function missing(what: string): never {
  throw new RangeError(`the service worker's store ${what}`);
}
