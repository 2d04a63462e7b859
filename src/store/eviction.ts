import type { ArchiveRecord } from "./records.ts";
import type { Store } from "./store.ts";

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

type Archives = Pick<Store, "archiveRecords" | "removeArchive">;

/** Removes what `evicted` chooses. Resolves with the bytes that are free now. */
export async function evict(store: Archives, bytes: number): Promise<number> {
  let freed = 0;
  for (const { sha256, size } of evicted(await store.archiveRecords(), bytes)) {
    await store.removeArchive(sha256);
    freed += size;
  }
  return freed;
}

/** Of all repositories; the smallest where they should differ. */
export function limitOf(
  records: readonly { readonly keeping?: { readonly limitBytes: number | null } }[],
): number | null {
  const limits = records.map(({ keeping }) => keeping?.limitBytes ?? null).filter((limit) => limit !== null);
  return limits.length === 0 ? null : Math.min(...limits);
}
