import type { Slice } from "../cooperation/slice.ts";
import type { ArchiveIndex } from "./archive-index.ts";
import type { ArchiveProblem } from "./archive-problem.ts";

const names = ["md5", "sha256", "sha512"] as const;
/** Entries under one key that are compared: one archive has a hundred packages at most. */
const comparedEntries = 1_000;

/**
 * Checksums and URLs that stand for different archives in different places: whoever asks by one of them cannot know which. Told by
 * the first 32 bits of the other checksums; what only one of two places lists is no conflict.
 */
export async function conflictsOf(
  index: ArchiveIndex,
  pathOf: (rank: number) => string,
  slice: Slice,
): Promise<readonly ArchiveProblem[]> {
  const problems: ArchiveProblem[] = [];
  const reported = new Set<string>();
  for (let from = 0; from < index.entries; ) {
    let to = from + 1;
    while (to < index.entries && index.highs[to] === index.highs[from]) to++;
    for (let i = from + 1; i < Math.min(to, from + comparedEntries); i++) {
      const found = conflictWith(index, i, from);
      if (found === null) continue;
      const path = pathOf(index.ranks[index.owners[i]!]!);
      const other = pathOf(index.ranks[index.owners[found.entry]!]!);
      const message = `names another ${found.algorithm} than ${other} for the same URL or checksum`;
      if (reported.has(`${path} ${message}`)) continue;
      reported.add(`${path} ${message}`);
      problems.push({ kind: "conflict", path, message });
    }
    from = to;
    if (slice.due()) await slice.pause();
  }
  return problems;
}

/** The first entry of the same key, before `entry`, whose section lists another checksum. */
function conflictWith(
  index: ArchiveIndex,
  entry: number,
  from: number,
): { readonly entry: number; readonly algorithm: string } | null {
  for (let i = from; i < entry; i++) {
    if (index.lows[i] !== index.lows[entry]) continue;
    for (const [k, column] of index.digests.entries()) {
      const a = column[index.owners[i]!]!;
      const b = column[index.owners[entry]!]!;
      if (a !== b && a !== 0 && b !== 0) return { entry: i, algorithm: names[k]! };
    }
  }
  return null;
}
