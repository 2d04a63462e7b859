import type { ArchiveRecord } from "./records.ts";
import type { ArchiveWriter, Store } from "./store.ts";

/**
 * Which archives go so that `bytes` become free: those that nobody keeps, the one that was not used for longest first, and no more than
 * needed. All of them when that is not enough.
 */
export function evicted<R extends Pick<ArchiveRecord, "sha256" | "size" | "lastUse" | "pinned">>(
  records: readonly R[],
  bytes: number,
): readonly R[] {
  const unpinned = records.filter(({ pinned }) => !pinned);
  // By name where the time is the same: every run then chooses alike.
  unpinned.sort((a, b) => a.lastUse - b.lastUse || (a.sha256 < b.sha256 ? -1 : 1));
  let freed = 0;
  let count = 0;
  while (count < unpinned.length && freed < bytes) freed += unpinned[count++]!.size;
  return unpinned.slice(0, count);
}

type Archives = Pick<Store, "archiveRecords" | "removeArchive" | "archiveWriter">;

/** A writer that evicts when the browser gives no more room. */
export function evictingWriter(store: Archives): ArchiveWriter {
  return store.archiveWriter(async (bytes) => (await evict(store, bytes)) > 0);
}

/** Removes what `evicted` chooses. Resolves with the bytes that are free now. */
export async function evict(store: Archives, bytes: number): Promise<number> {
  let freed = 0;
  for (const { sha256, size } of evicted(await store.archiveRecords(), bytes)) {
    await store.removeArchive(sha256);
    freed += size;
  }
  return freed;
}

/** Keeps to the limit that is configured. What is kept is never evicted, so that there may be more than the limit. */
export async function evictBeyond(store: Archives & Pick<Store, "repositories">): Promise<void> {
  const limit = limitOf(await store.repositories());
  if (limit === null) return;
  const total = (await store.archiveRecords()).reduce((sum, { size }) => sum + size, 0);
  if (total > limit) await evict(store, total - limit);
}

/** Of all repositories; the smallest where they should differ. */
export function limitOf(
  records: readonly { readonly keeping?: { readonly limitBytes: number | null } }[],
): number | null {
  const limits = records.map(({ keeping }) => keeping?.limitBytes ?? null).filter((limit) => limit !== null);
  return limits.length === 0 ? null : Math.min(...limits);
}
