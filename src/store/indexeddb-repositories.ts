import type { RepositoryConfig } from "../protocol/config.ts";
import type { LastSync } from "../protocol/status.ts";
import type { IndexedDbConnection } from "./indexeddb-connection.ts";
import type { MirrorDatabase } from "./indexeddb-schema.ts";
import { inTransaction, reading, readRecord } from "./indexeddb-transaction.ts";
import { usableRecord } from "./record-schema.ts";
import type { Keeping, RepositoryRecord, SnapshotRecord } from "./records.ts";
import {
  configured,
  nextEpoch,
  packMissing,
  published,
  withDamage,
  withKeeping,
  withLastSync,
} from "./repository-record.ts";

/** The pointers, and the transactions that move them. */
export class IndexedDbRepositories {
  readonly #connection: IndexedDbConnection;

  constructor(connection: IndexedDbConnection) {
    this.#connection = connection;
  }

  async all(): Promise<readonly RepositoryRecord[]> {
    const records = await this.#connection.run("read repositories", (database) =>
      reading(database, "repositories", (repositories) => repositories.getAll()),
    );
    return records.map(usableRecord).filter((record) => record !== undefined);
  }

  async get(name: string): Promise<RepositoryRecord | undefined> {
    return usableRecord(
      await this.#connection.run("read repository", (database) => readRecord(database, "repositories", name)),
    );
  }

  configure(config: RepositoryConfig): Promise<RepositoryRecord> {
    return this.#connection.run("configure repository", (database) =>
      change(database, config.name, (old) => configured(old, config)),
    );
  }

  async takeEpoch(name: string): Promise<number> {
    const record = await this.#connection.run("take epoch", (database) =>
      change(database, name, (old) => nextEpoch(name, old)),
    );
    return record.epoch;
  }

  async saveLastSync(name: string, epoch: number, lastSync: LastSync, branch: string | null): Promise<void> {
    await this.#connection.run("save last sync", (database) =>
      inTransaction(database, ["repositories"], "relaxed", async (transaction) => {
        const repositories = transaction.objectStore("repositories");
        const old = usableRecord(await repositories.get(name));
        if (old?.epoch === epoch) await repositories.put(withLastSync(old, lastSync, branch));
      }),
    );
  }

  async saveDamage(name: string, snapshot: string, reason: string | null): Promise<void> {
    await this.#connection.run("save damage", (database) =>
      inTransaction(database, ["repositories"], "strict", async (transaction) => {
        const repositories = transaction.objectStore("repositories");
        const record = withDamage(usableRecord(await repositories.get(name)), snapshot, reason);
        if (record !== undefined) await repositories.put(record);
      }),
    );
  }

  async saveKeeping(name: string, keeping: Keeping): Promise<void> {
    await this.#connection.run("save keeping", (database) =>
      inTransaction(database, ["repositories"], "strict", async (transaction) => {
        const repositories = transaction.objectStore("repositories");
        const record = withKeeping(usableRecord(await repositories.get(name)), keeping);
        if (record !== undefined) await repositories.put(record);
      }),
    );
  }

  /** The one moment at which another snapshot begins to be served: one transaction, on disk when it resolves. */
  async publish(snapshot: SnapshotRecord, epoch: number): Promise<void> {
    await this.#connection.run(
      "publish",
      (database) =>
        inTransaction(database, ["repositories", "snapshots", "packs"], "strict", async (transaction) => {
          const repositories = transaction.objectStore("repositories");
          const packs = transaction.objectStore("packs");
          // Asked side by side: each answer takes a turn through the browser's own process. One that cannot even be asked must not leave
          // those before it without a listener.
          const [old, ...stored] = await Promise.all([
            repositories.get(snapshot.repository),
            ...snapshot.packs.map(async (key) => packs.getKey(key)),
          ]);
          const record = published(usableRecord(old), snapshot, epoch);
          for (const [number, key] of snapshot.packs.entries()) {
            if (stored[number] === undefined) throw packMissing(key);
          }
          await transaction.objectStore("snapshots").put(snapshot);
          await repositories.put(record);
        }),
      snapshot.manifest.byteLength,
    );
  }
}

function change(
  database: MirrorDatabase,
  name: string,
  transition: (old: RepositoryRecord | undefined) => RepositoryRecord,
): Promise<RepositoryRecord> {
  return inTransaction(database, ["repositories"], "strict", async (transaction) => {
    const repositories = transaction.objectStore("repositories");
    const record = transition(usableRecord(await repositories.get(name)));
    await repositories.put(record);
    return record;
  });
}
