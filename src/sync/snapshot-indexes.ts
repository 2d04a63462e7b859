import type { Slice } from "../core/cooperation/slice.ts";
import type { PackReader } from "../core/git/pack-reader.ts";
import type { RepoFile } from "../core/opam/repo-file.ts";
import { buildTarball } from "../store/index-tarball.ts";
import type { ArchiveIndexRecord, SnapshotRecord } from "../store/records.ts";
import { type RepoFacts, servedRepoFile } from "../store/served-repo-file.ts";
import { type Snapshot, SnapshotReader } from "../store/snapshot-reader.ts";
import type { Store } from "../store/store.ts";
import { ensureArchiveIndex, type IndexedSnapshot, soundArchiveIndex } from "./archive-index.ts";
import { HeldSnapshot } from "./held-snapshot.ts";

/** What is still in memory of a snapshot that was just published. */
export interface HeldFiles {
  readonly reader: PackReader;
  readonly repo: RepoFile;
}

/** Whether both are stored. */
export async function hasIndexes(store: Store, { id, tree }: SnapshotRecord): Promise<boolean> {
  return (await store.tarball(id)) !== undefined && (await soundArchiveIndex(store, tree)) !== null;
}

/** `record` was made here, or checked. Throws `store-lost`. */
export async function openIndexes(
  store: Store,
  record: SnapshotRecord,
  facts: RepoFacts,
  held: HeldFiles | null,
  slice: Slice,
): Promise<SnapshotIndexes> {
  const stored = await new SnapshotReader(store).openRecord(record);
  if (held !== null) return new SnapshotIndexes(store, new HeldSnapshot(stored, held.reader), held.repo, slice);
  return new SnapshotIndexes(store, stored, await servedRepoFile(stored, facts), slice);
}

/**
 * What can be made from a published snapshot at any time. The archive index takes less time than index.tar.gz does, and archives cannot be
 * asked for by their URL without it: it comes first.
 */
export class SnapshotIndexes {
  readonly #store: Store;
  readonly #snapshot: Snapshot;
  readonly #repo: RepoFile;
  readonly #slice: Slice;

  constructor(store: Store, snapshot: Snapshot, repo: RepoFile, slice: Slice) {
    this.#store = store;
    this.#snapshot = snapshot;
    this.#repo = repo;
    this.#slice = slice;
  }

  /** The archive index, stored unless it is there. `before`: what an update builds upon. */
  archives(before: IndexedSnapshot | null): Promise<ArchiveIndexRecord> {
    this.#slice.beginCold();
    return ensureArchiveIndex(this.#store, this.#snapshot, before, this.#repo.archiveMirrors, this.#slice);
  }

  /** Stores index.tar.gz unless it is there. */
  async tarball(): Promise<void> {
    if ((await this.#store.tarball(this.#snapshot.record.id)) !== undefined) return;
    await this.#store.saveTarball(await buildTarball(this.#snapshot, this.#repo.bytes, this.#slice));
  }
}
