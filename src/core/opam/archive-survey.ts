import type { Slice } from "../cooperation/slice.ts";
import type { ArchiveIndex } from "./archive-index.ts";
import type { ArchiveProblem } from "./archive-problem.ts";

const names = ["md5", "sha256", "sha512"] as const;
/** Entries under one key that are compared with one another: a real archive has a hundred packages at most. */
const comparedEntries = 128;
const listedConflicts = 1_000;

/** What one walk along the entries tells. */
export interface ArchiveSurvey {
  /** Distinct addresses of archives with a checksum. */
  readonly archives: number;
  readonly conflicts: readonly ArchiveProblem[];
}

/**
 * Counts the archives, and finds checksums and URLs that stand for different archives in different places: whoever asks by one of
 * them cannot know which. Told by the first 32 bits of the other checksums; what only one of two places lists is no conflict.
 */
export async function surveyOf(
  index: ArchiveIndex,
  pathOf: (rank: number) => string,
  slice: Slice,
): Promise<ArchiveSurvey> {
  const { entries, highs, owners, sources } = index;
  const [md5, sha256, sha512] = index.digests;
  const conflicts = new Map<string, ArchiveProblem>();
  let archives = 0;
  for (let from = 0, steps = 0; from < entries; steps++) {
    const high = highs[from]!;
    let to = from;
    let isSource = false;
    for (; to < entries && highs[to] === high; to++) {
      const owner = owners[to]!;
      isSource ||= sources[owner] === high && (md5[owner]! | sha256[owner]! | sha512[owner]!) !== 0;
      if (to > from && to - from < comparedEntries && conflicts.size < listedConflicts) {
        const problem = conflictWith(index, to, from, pathOf);
        if (problem !== null) conflicts.set(`${problem.path} ${problem.message}`, problem);
      }
    }
    if (isSource) archives++;
    from = to;
    if ((steps & 255) === 0 && slice.due()) await slice.pause();
  }
  return { archives, conflicts: [...conflicts.values()] };
}

/** Tells of the first entry of the same key, before `entry`, whose section lists another checksum. */
function conflictWith(
  index: ArchiveIndex,
  entry: number,
  from: number,
  pathOf: (rank: number) => string,
): ArchiveProblem | null {
  const owner = index.owners[entry]!;
  for (let i = from; i < entry; i++) {
    if (index.lows[i] !== index.lows[entry]) continue;
    const other = index.owners[i]!;
    for (let k = 0; k < names.length; k++) {
      const a = index.digests[k]![other]!;
      const b = index.digests[k]![owner]!;
      if (a === b || a === 0 || b === 0) continue;
      const path = pathOf(index.ranks[owner]!);
      const message = `names another ${names[k]} than ${pathOf(index.ranks[other]!)} for the same URL or checksum`;
      return { kind: "conflict", path, message };
    }
  }
  return null;
}
