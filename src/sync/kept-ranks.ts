import type { Slice } from "../core/cooperation/slice.ts";
import type { Manifest } from "../core/git/manifest.ts";
import type { KeptRun } from "../core/git/tree-walk.ts";

export interface KeptRanks {
  /** By rank in the manifest before: the rank of the same file now, or -1 where it changed or is gone. */
  readonly ranks: Int32Array;
  /** Ranks of files that are new or changed. */
  readonly changed: readonly number[];
}

/** Ranks taken over between two looks at the clock. */
const stride = 4096;

/** Compares two manifests in one walk along both. `kept`: runs that are known to be equal, in order. */
export async function keptRanks(
  before: Manifest,
  now: Manifest,
  kept: readonly KeptRun[],
  slice: Slice,
): Promise<KeptRanks> {
  const ranks = new Int32Array(before.count).fill(-1);
  const changed: number[] = [];
  for (let i = 0, j = 0, runs = 0; j < now.count; ) {
    const run = kept[runs];
    if (run !== undefined && run.from === i && run.at === j) {
      while (i < run.to) {
        const to = Math.min(i + stride, run.to);
        while (i < to) ranks[i++] = j++;
        if (slice.due()) await slice.pause();
      }
      runs++;
      continue;
    }
    const order = i < before.count ? before.comparePath(i, now, j) : 1;
    if (order < 0) i++;
    else {
      if (order === 0 && before.isSameBlob(i, now, j)) ranks[i] = j;
      else changed.push(j);
      if (order === 0) i++;
      j++;
    }
    if ((j & 63) === 0 && slice.due()) await slice.pause();
  }
  return { ranks, changed };
}
