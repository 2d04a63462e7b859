import type { IndexedDbConnection } from "./indexeddb-connection.ts";
import { type GitFileRecord, superblockKey } from "./indexeddb-schema.ts";
import { inTransaction, readRecord } from "./indexeddb-transaction.ts";
import { usableRecord } from "./record-schema.ts";
import { schemaVersion } from "./records.ts";
import type { GitFiles } from "./store.ts";

/**
 * The small files of one Git directory. Changes wait in memory for the directory that names them, and both are stored in
 * one transaction: LightningFS gives an inode number to another file as soon as it is free, so that files of one moment
 * under a directory of another would be read under the wrong names.
 */
export function indexedDbGitFiles(connection: IndexedDbConnection, repository: string): GitFiles {
  /** Bytes to store, or null for a file to delete. */
  const pending = new Map<number, Uint8Array<ArrayBuffer> | null>();

  const stored = async (key: number | string): Promise<unknown> => {
    const record = await connection.run("read git file", (database) =>
      readRecord(database, "gitfiles", [repository, key]),
    );
    return usableRecord(record)?.data;
  };

  return {
    async saveSuperblock(superblock) {
      const changes = new Map(pending);
      // LightningFS goes on changing the tree that it passes; this is the tree of the changes taken above.
      const directory = record(structuredClone(superblock));
      let needed = 0;
      for (const bytes of changes.values()) needed += bytes?.length ?? 0;
      await connection.run(
        "write git files",
        (database) =>
          inTransaction(database, ["gitfiles"], "relaxed", async (transaction) => {
            const files = transaction.objectStore("gitfiles");
            for (const [inode, bytes] of changes) {
              if (bytes === null) await files.delete([repository, inode]);
              else await files.put(record(bytes), [repository, inode]);
            }
            await files.put(directory, [repository, superblockKey]);
          }),
        needed,
      );
      // What was written again meanwhile waits for the next directory.
      for (const [inode, bytes] of changes) if (pending.get(inode) === bytes) pending.delete(inode);
    },

    async loadSuperblock() {
      return (await stored(superblockKey)) ?? null;
    },

    async readFile(inode) {
      const waiting = pending.get(inode);
      if (waiting !== undefined) return waiting?.slice();
      const data = await stored(inode);
      return data instanceof Uint8Array ? data : undefined;
    },

    async writeFile(inode, data) {
      pending.set(inode, new Uint8Array(data));
    },

    async unlink(inode) {
      pending.set(inode, null);
    },

    async wipe() {
      pending.clear();
      await connection.run("wipe git files", (database) =>
        inTransaction(database, ["gitfiles"], "relaxed", (transaction) =>
          // An array sorts after every string and number: this is every key of the repository.
          transaction.objectStore("gitfiles").delete(IDBKeyRange.bound([repository], [repository, []])),
        ),
      );
    },

    /** LightningFS calls this whenever it goes idle, and may go on afterwards. The connection is the store's. */
    async close() {},
  };
}

function record(data: unknown): GitFileRecord {
  return { schema: schemaVersion, data };
}
