import { ArchiveIndex } from "../core/opam/archive-index.ts";
import type { ArchiveProblem } from "../core/opam/archive-problem.ts";
import type { ArchiveIndexRecord, SnapshotRecord } from "./records.ts";

/** Problems that `status` lists. */
const shown = 100;

export interface ArchiveReport {
  /** Distinct archives that opam files name with a checksum. */
  readonly known: number;
  readonly problems: readonly ArchiveProblem[];
}

/** What `status` says of a snapshot's opam files. Null stands for an index that is not there yet. */
export function archiveReport(record: ArchiveIndexRecord | null): ArchiveReport {
  if (record === null) return { known: 0, problems: [] };
  const problems = record.problems.filter(({ kind }) => kind !== "parse");
  return { known: new ArchiveIndex(record.tables).archives, problems: problems.slice(0, shown) };
}

/** What cannot be served or read: entries of the tree, its `repo` file, opam files. */
export function parseErrors(
  snapshot: Pick<SnapshotRecord, "parseErrors"> | null | undefined,
  record: ArchiveIndexRecord | null,
): SnapshotRecord["parseErrors"] {
  const files = (record?.problems ?? []).filter(({ kind }) => kind === "parse");
  return [...(snapshot?.parseErrors ?? []), ...files.map(({ path, message }) => ({ path, message }))].slice(0, shown);
}
