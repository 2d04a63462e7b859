import { ArchiveIndex } from "../core/opam/archive-index.ts";
import type { ArchiveIndexRecord, SnapshotRecord } from "./records.ts";

/** Errors that `status` lists. */
const shown = 100;

/** Distinct archives that opam files name with a checksum. */
export function knownArchives(record: ArchiveIndexRecord): number {
  return new ArchiveIndex(record.tables).archives;
}

/** What cannot be served or read: entries of the tree, its `repo` file, opam files. Null stands for an index that is not there yet. */
export function parseErrors(
  snapshot: Pick<SnapshotRecord, "parseErrors"> | null | undefined,
  record: ArchiveIndexRecord | null,
): SnapshotRecord["parseErrors"] {
  const files = (record?.problems ?? []).filter(({ kind }) => kind === "parse");
  return [...(snapshot?.parseErrors ?? []), ...files.map(({ path, message }) => ({ path, message }))].slice(0, shown);
}
