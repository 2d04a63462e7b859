import type { Slice } from "../core/cooperation/slice.ts";
import type { Manifest } from "../core/git/manifest.ts";
import { compareOids } from "../core/git/oid.ts";

export interface KeptRanks {
  /** By rank in the manifest before: the rank of the same file now, or -1 where it changed or is gone. */
  readonly ranks: Int32Array;
  /** Ranks of files that are new or changed. */
  readonly changed: readonly number[];
}

/** Compares two manifests in one walk along both. */
export async function keptRanks(before: Manifest, now: Manifest, slice: Slice): Promise<KeptRanks> {
  const ranks = new Int32Array(before.count).fill(-1);
  const changed: number[] = [];
  for (let i = 0, j = 0; j < now.count; ) {
    const there = now.entry(j);
    const here = i < before.count ? before.entry(i) : null;
    const order = here === null ? 1 : compareBytes(here.path, there.path);
    if (order < 0) i++;
    else {
      if (order === 0 && compareOids(here!.oids, here!.oidAt, there.oids, there.oidAt) === 0) ranks[i] = j;
      else changed.push(j);
      if (order === 0) i++;
      j++;
    }
    if ((j & 63) === 0 && slice.due()) await slice.pause();
  }
  return { ranks, changed };
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
