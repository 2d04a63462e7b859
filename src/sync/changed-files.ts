import type { Slice } from "../core/cooperation/slice.ts";
import { Manifest } from "../core/git/manifest.ts";

export interface ChangedFiles {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
}

/** Compares two manifests path by path; null stands for an empty one. */
export async function countChangedFiles(
  before: ArrayBuffer | null,
  after: ArrayBuffer,
  slice: Slice,
): Promise<ChangedFiles> {
  const now = new Manifest(after);
  if (before === null) return { added: now.count, changed: 0, removed: 0 };
  const then = new Manifest(before);
  let added = 0;
  let changed = 0;
  let kept = 0;
  for (let rank = 0; rank < now.count; rank++) {
    const old = then.find(now.path(rank));
    if (old < 0) added++;
    else {
      kept++;
      if (then.oid(old) !== now.oid(rank)) changed++;
    }
    if (slice.due()) await slice.pause();
  }
  return { added, changed, removed: then.count - kept };
}
