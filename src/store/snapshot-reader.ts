import type { Slice } from "../core/cooperation/slice.ts";
import type { SnapshotRecord } from "./records.ts";

/** A blob as the snapshot holds it; the bytes were hashed again when they were read. */
export interface SnapshotFile {
  /** Hex SHA-1 of the blob. */
  readonly oid: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A pinned, immutable snapshot: it answers the same for as long as it is held, whatever is published meanwhile. */
export interface Snapshot {
  readonly record: SnapshotRecord;
  /** Oid of the blob at `path` (`repo`, `version`, `packages/…`), without reading it. */
  oid(path: string): string | undefined;
  /** Reads and re-hashes the blob. Throws `store-lost` when its pack is gone or damaged. */
  read(path: string): Promise<SnapshotFile | undefined>;
  /** All files, sorted by path bytes. */
  paths(): Iterable<string>;
  /** All files below `prefix` in path order, read cooperatively. */
  files(prefix: string, slice: Slice): AsyncIterable<SnapshotFile & { readonly path: string }>;
}
