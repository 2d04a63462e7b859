import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { makeFolder, replaceFile } from "./files-durable.ts";
import { accessing, errorCode, fileFailure } from "./files-failure.ts";
import type { StoreFolder } from "./files-folder.ts";
import type { GitFiles } from "./store.ts";

/** The small files of a Git directory, one file each. Nothing that is served depends on them, so nothing waits for the disk. */
export function gitFilesIn(folder: StoreFolder, repository: string): GitFiles {
  const root = folder.path("git", repository);
  const write = async (name: string, bytes: Uint8Array) => {
    const work = async () => {
      await makeFolder(root);
      await replaceFile(folder.root, join(root, name), [bytes], false);
    };
    await accessing("write Git file", work, bytes.length);
  };
  const read = async (name: string): Promise<Uint8Array | undefined> => {
    try {
      return new Uint8Array(await readFile(join(root, name)));
    } catch (thrown) {
      if (errorCode(thrown) === "ENOENT") return undefined;
      throw fileFailure("read Git file", thrown);
    }
  };

  return {
    saveSuperblock: (superblock) => write("superblock", serialize(superblock)),
    async loadSuperblock() {
      const bytes = await read("superblock");
      try {
        return bytes && (deserialize(bytes) as unknown);
      } catch {
        // A damaged directory is no directory: the Git records are written again.
        return undefined;
      }
    },
    readFile: (inode) => read(String(inode)),
    writeFile: (inode, data) => write(String(inode), data),
    async unlink(inode) {
      await rm(join(root, String(inode)), { force: true });
    },
    async wipe() {
      await rm(root, { recursive: true, force: true });
    },
    async close() {},
  };
}
