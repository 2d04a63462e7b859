import type { Clock } from "../core/cooperation/clock.ts";
import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import { storageEstimate } from "../platform/storage.ts";
import type { ScopeNames } from "../protocol/names.ts";
import { indexedDbArchives } from "./indexeddb-archives.ts";
import { collectUnnamed } from "./indexeddb-collect.ts";
import { IndexedDbConnection } from "./indexeddb-connection.ts";
import { indexedDbGitFiles } from "./indexeddb-git-files.ts";
import { readPack } from "./indexeddb-pack.ts";
import { writePack } from "./indexeddb-pack-writer.ts";
import { IndexedDbRepositories } from "./indexeddb-repositories.ts";
import { inTransaction, readRecord } from "./indexeddb-transaction.ts";
import { usableRecord, usableSnapshot } from "./record-schema.ts";
import { schemaVersion } from "./records.ts";
import type { Store } from "./store.ts";

export interface IndexedDbDependencies {
  readonly clock: Clock;
  /** The host's time budget, for the loops that copy packs. */
  readonly slice?: Slice;
  /** The global one unless given. */
  readonly indexedDB?: IDBFactory;
}

/**
 * The store of browsers: pages, the sync worker and the service worker open the same database side by side.
 * Throws `store-newer` when a later version has upgraded the database, `unsupported` where there is no IndexedDB,
 * `store-failed`.
 */
export async function openIndexedDbStore(names: ScopeNames, deps: IndexedDbDependencies): Promise<Store> {
  const { clock, slice } = deps;
  const factory = deps.indexedDB ?? (globalThis as { indexedDB?: IDBFactory }).indexedDB;
  if (!factory) {
    throw new MirrorError("unsupported", {
      feature: "IndexedDB",
      advice: "Allow this site to store data, then reload.",
    });
  }
  const connection = new IndexedDbConnection(names.database, factory, clock);
  const repositories = new IndexedDbRepositories(connection);
  await connection.run("open", async () => {});

  return {
    kind: "indexeddb",
    repositories: () => repositories.all(),
    repository: (name) => repositories.get(name),
    configure: (config) => repositories.configure(config),
    takeEpoch: (name) => repositories.takeEpoch(name),
    saveLastSync: (name, epoch, lastSync, branch) => repositories.saveLastSync(name, epoch, lastSync, branch),
    saveDamage: (name, snapshot, reason) => repositories.saveDamage(name, snapshot, reason),
    saveKeeping: (name, keeping) => repositories.saveKeeping(name, keeping),
    publish: (snapshot, epoch) => repositories.publish(snapshot, epoch),

    snapshot: async (id) =>
      usableSnapshot(await connection.run("read snapshot", (database) => readRecord(database, "snapshots", id))),

    packWriter: () => writePack(connection, slice),
    pack: (key) => readPack(connection, key, slice),

    tarball: async (snapshot) =>
      usableRecord(await connection.run("read tarball", (database) => readRecord(database, "tarballs", snapshot))),
    saveTarball: (record) =>
      connection.run(
        "write tarball",
        (database) =>
          // Not strict: a tarball can be built again from its snapshot.
          inTransaction(database, ["tarballs"], "relaxed", async (transaction) => {
            await transaction.objectStore("tarballs").put(record);
          }),
        record.bytes.size,
      ),

    archiveIndex: async (tree) =>
      usableRecord(
        await connection.run("read archive index", (database) => readRecord(database, "archiveindexes", tree)),
      ),
    saveArchiveIndex: (record) =>
      connection.run(
        "write archive index",
        (database) =>
          // Not strict: it can be made again.
          inTransaction(database, ["archiveindexes"], "relaxed", async (transaction) => {
            await transaction.objectStore("archiveindexes").put(record);
          }),
        record.tables.byteLength,
      ),

    ...indexedDbArchives(connection, clock, slice),

    note: async (key) =>
      usableRecord(await connection.run("read note", (database) => readRecord(database, "notes", key)))?.value,
    saveNote: (key, value) =>
      connection.run("write note", (database) =>
        inTransaction(database, ["notes"], "relaxed", async (transaction) => {
          await transaction.objectStore("notes").put({ schema: schemaVersion, value }, key);
        }),
      ),

    collect: (keep) => collectUnnamed(connection, clock, keep),
    gitFiles: (repository) => indexedDbGitFiles(connection, repository),
    usage: () => storageEstimate(),
    close: async () => connection.close(),
  };
}
