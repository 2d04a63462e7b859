import type { Slice } from "../cooperation/slice.ts";
import type { ArchiveIndex } from "./archive-index.ts";
import type { ArchiveProblem } from "./archive-problem.ts";

const names = ["md5", "sha256", "sha512"] as const;
/** Entries under one key that are compared with one another: a real archive has a hundred packages at most. */
const comparedEntries = 128;
const listedConflicts = 1_000;
/** Entries between two looks at the clock. */
const stretch = 4096;

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
  const conflicts = new Map<string, ArchiveProblem>();
  let archives = 0;
  for (let from = 0; from < index.entries; ) {
    const found = surveyStretch(index, from, conflicts, pathOf);
    archives += found.archives;
    from = found.to;
    if (slice.due()) await slice.pause();
  }
  return { archives, conflicts: [...conflicts.values()] };
}

/** Some thousand entries from `from`, up to the end of a key. A loop without pauses in it is compiled soon. */
function surveyStretch(
  index: ArchiveIndex,
  from: number,
  conflicts: Map<string, ArchiveProblem>,
  pathOf: (rank: number) => string,
): { readonly to: number; readonly archives: number } {
  const { entries, highs, owners, sources } = index;
  const [md5, sha256, sha512] = index.digests;
  const end = Math.min(from + stretch, entries);
  let archives = 0;
  let first = from;
  while (first < end) {
    const high = highs[first]!;
    let at = first;
    let isSource = false;
    let isOne = true;
    const { [first]: leader = 0 } = owners;
    for (; at < entries && highs[at] === high; at++) {
      const owner = owners[at]!;
      if (sources[owner] === high && (md5[owner]! | sha256[owner]! | sha512[owner]!) !== 0) isSource = true;
      if (md5[owner] !== md5[leader] || sha256[owner] !== sha256[leader] || sha512[owner] !== sha512[leader])
        isOne = false;
    }
    if (isSource) archives++;
    if (!isOne) addConflicts(index, first, at, conflicts, pathOf);
    first = at;
  }
  return { to: first, archives };
}

/** Of entries with one high half. */
function addConflicts(
  index: ArchiveIndex,
  from: number,
  to: number,
  conflicts: Map<string, ArchiveProblem>,
  pathOf: (rank: number) => string,
): void {
  for (let at = from + 1; at < to && at - from < comparedEntries && conflicts.size < listedConflicts; at++) {
    const problem = conflictWith(index, at, from, pathOf);
    if (problem !== null) conflicts.set(`${problem.path} ${problem.message}`, problem);
  }
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
