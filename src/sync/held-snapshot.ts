import type { Slice } from "../core/cooperation/slice.ts";
import { Manifest } from "../core/git/manifest.ts";
import type { PackReader } from "../core/git/pack-reader.ts";
import type { FileVisitor, Snapshot, SnapshotFile } from "../store/snapshot-reader.ts";

/**
 * A snapshot that was just published, read from what the sync still holds of its pack: those objects were hashed when they arrived.
 * What is in earlier packs comes from the stored snapshot.
 */
export class HeldSnapshot implements Snapshot {
  readonly record: Snapshot["record"];
  readonly #stored: Snapshot;
  readonly #reader: PackReader;
  readonly #manifest: Manifest;

  constructor(stored: Snapshot, reader: PackReader) {
    this.record = stored.record;
    this.#stored = stored;
    this.#reader = reader;
    reader.settle();
    this.#manifest = new Manifest(stored.record.manifest);
  }

  oid(path: string): string | undefined {
    return this.#stored.oid(path);
  }

  async read(path: string): Promise<SnapshotFile | undefined> {
    const rank = this.#manifest.find(path);
    const bytes = rank < 0 ? null : this.#held(rank);
    return bytes === null ? this.#stored.read(path) : { oid: this.#manifest.oid(rank), bytes: bytes.slice() };
  }

  paths(): Iterable<string> {
    return this.#stored.paths();
  }

  visit(prefix: string, slice: Slice, visitor: FileVisitor): Promise<void> {
    return this.#stored.visit(prefix, slice, visitor, (rank) => this.#held(rank));
  }

  /** Good until the next call. */
  #held(rank: number): Uint8Array<ArrayBuffer> | null {
    const { oids, oidAt } = this.#manifest.entry(rank);
    const index = this.#reader.table.find(oids, oidAt);
    if (index < 0) return null;
    const { bytes, from, size } = this.#reader.content(index);
    return bytes.subarray(from, from + size);
  }
}
