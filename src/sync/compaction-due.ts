import { Manifest } from "../core/git/manifest.ts";
import type { SnapshotRecord } from "../store/records.ts";
import type { SyncHost } from "./host.ts";

/** Beyond this many packs a snapshot is compacted. */
const maximalPacks = 10;
/** What later packs may add to the first, as a share of its bytes. About as much is dead: an update's files mostly replace others. */
const maximalGrowth = 1 / 5;
/** Share of the files whose removal by one update leaves much of the first pack dead, though little is added. */
const maximalRemoved = 1 / 20;

/** Whether compacting pays (docs/decisions/016-compaction.md). `removed`: files that the last update removed. */
export async function compactionDue(host: SyncHost, snapshot: SnapshotRecord, removed: number): Promise<boolean> {
  if (snapshot.packs.length < 2) return false;
  const files = new Manifest(snapshot.manifest).count;
  if (snapshot.packs.length > maximalPacks || removed > (files + removed) * maximalRemoved) return true;
  const sizes = await Promise.all(snapshot.packs.map(async (key) => (await host.store.pack(key))?.size ?? 0));
  const [first = 0, ...later] = sizes;
  return later.reduce((sum, size) => sum + size, 0) > first * maximalGrowth;
}
