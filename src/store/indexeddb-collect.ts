import type { Clock } from "../core/cooperation/clock.ts";
import { collectPieces } from "./indexeddb-archives.ts";
import type { IndexedDbConnection } from "./indexeddb-connection.ts";
import { inTransaction, type WriteTransaction } from "./indexeddb-transaction.ts";
import { usableRecord } from "./record-schema.ts";

/** Deletions in one transaction: more would keep other readers of the origin waiting. */
const deletionsPerTransaction = 50;

export interface Collected {
  readonly snapshots: number;
  readonly packs: number;
  readonly tarballs: number;
}

/**
 * Deletes what no pointer and no entry of `keep` names. Pointers are read again in every transaction, so that what was
 * published in between is safe. Snapshots go last: until then they are what names their packs.
 */
export async function collectUnnamed(
  connection: IndexedDbConnection,
  clock: Clock,
  keep: ReadonlySet<string>,
): Promise<Collected> {
  const total = { snapshots: 0, packs: 0, tarballs: 0 };
  for (;;) {
    const batch = await connection.run("collect", (database) =>
      inTransaction(
        database,
        ["repositories", "snapshots", "packs", "tarballs", "archiveindexes"],
        "relaxed",
        (transaction) => collectBatch(transaction, keep),
      ),
    );
    total.snapshots += batch.snapshots;
    total.packs += batch.packs;
    total.tarballs += batch.tarballs;
    if (batch.deleted < deletionsPerTransaction) break;
  }
  for (let deleted = deletionsPerTransaction; deleted === deletionsPerTransaction; )
    deleted = await connection.run("collect", (database) =>
      inTransaction(database, ["archives", "archivepieces"], "relaxed", (transaction) =>
        collectPieces(transaction, clock, deletionsPerTransaction),
      ),
    );
  return total;
}

async function collectBatch(
  transaction: WriteTransaction,
  keep: ReadonlySet<string>,
): Promise<Collected & { readonly deleted: number }> {
  const snapshots = new Set(keep);
  for (const repository of await transaction.objectStore("repositories").getAll()) {
    // A record of a later version names something that this version cannot know: nothing may be deleted.
    const pointer = usableRecord(repository)?.snapshot;
    if (typeof pointer === "string") snapshots.add(pointer);
  }
  const packs = new Set<string>();
  const trees = new Set<string>();
  for (const id of snapshots) {
    const snapshot = usableRecord(await transaction.objectStore("snapshots").get(id));
    for (const key of snapshot?.packs ?? []) packs.add(key);
    if (snapshot !== undefined) trees.add(snapshot.tree);
  }
  let left = deletionsPerTransaction;
  const sweep = async (
    name: "tarballs" | "archiveindexes" | "packs" | "snapshots",
    named: ReadonlySet<string>,
  ): Promise<number> => {
    const store = transaction.objectStore(name);
    const doomed = (await store.getAllKeys()).filter((key) => !named.has(key)).slice(0, left);
    left -= doomed.length;
    for (const key of doomed) await store.delete(key);
    return doomed.length;
  };
  const tarballs = await sweep("tarballs", snapshots);
  await sweep("archiveindexes", trees);
  const sweptPacks = await sweep("packs", packs);
  const sweptSnapshots = await sweep("snapshots", snapshots);
  return { tarballs, packs: sweptPacks, snapshots: sweptSnapshots, deleted: deletionsPerTransaction - left };
}
