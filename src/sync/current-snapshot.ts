import type { SnapshotRecord } from "../store/records.ts";
import { snapshotDigest } from "../store/snapshot-digest.ts";
import type { SyncHost } from "./host.ts";

/** The snapshot that is served, when an update can build upon it; null when there is none, or none that is whole. */
export async function currentSnapshot(host: SyncHost, repository: string): Promise<SnapshotRecord | null> {
  const record = await host.store.repository(repository);
  if (record === undefined || record.snapshot === null) return null;
  const snapshot = await host.store.snapshot(record.snapshot);
  if (snapshot === undefined || (await snapshotDigest(snapshot)) !== snapshot.digest) return null;
  // A snapshot whose packs are gone is no snapshot: everything is fetched again.
  for (const key of snapshot.packs) if ((await host.store.pack(key)) === undefined) return null;
  return snapshot;
}
