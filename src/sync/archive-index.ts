import type { Slice } from "../core/cooperation/slice.ts";
import { Manifest } from "../core/git/manifest.ts";
import type { KeptRun } from "../core/git/tree-walk.ts";
import { ArchiveIndex } from "../core/opam/archive-index.ts";
import { ArchiveIndexBuilder } from "../core/opam/archive-index-builder.ts";
import { archiveIndexDigest } from "../store/archive-index-digest.ts";
import { type ArchiveIndexRecord, type SnapshotRecord, schemaVersion } from "../store/records.ts";
import type { Snapshot } from "../store/snapshot-reader.ts";
import type { Store } from "../store/store.ts";
import { compareExtraFiles, withChangedFiles } from "./extra-files.ts";
import { keptRanks } from "./kept-ranks.ts";

/** The opam file of a package: it stands in a folder `name.version` (opam manual, "Package Format"). */
const packageFile = /\/[^/.]+\.[^/]+\/opam$/;

/** A snapshot, and its archive index unless there is none that is sound. */
export interface IndexedSnapshot {
  readonly snapshot: SnapshotRecord;
  readonly index: Promise<ArchiveIndexRecord | null>;
  /** Runs of its manifest that the new one is known to have as they are, in order. */
  readonly kept: readonly KeptRun[];
}

/**
 * The archive index of a snapshot: the stored one, else one that is built from the index of `before` and the files that changed,
 * else one that is built from all files. `mirrors`: `archive-mirrors` of the repository's `repo` file.
 */
export async function ensureArchiveIndex(
  store: Store,
  snapshot: Snapshot,
  before: IndexedSnapshot | null,
  mirrors: readonly string[],
  slice: Slice,
): Promise<ArchiveIndexRecord> {
  const { tree } = snapshot.record;
  const stored = await soundArchiveIndex(store, tree);
  if (stored !== null) return stored;
  const manifest = new Manifest(snapshot.record.manifest);
  const old = (await before?.index) ?? null;
  const builder =
    before === null || old === null
      ? await ofAll(snapshot, slice)
      : await ofChanges(snapshot, manifest, before, old, slice);
  await compareExtraFiles(snapshot, builder, slice);
  const built = await builder.finish((rank) => manifest.path(rank), slice);
  const facts = { schema: schemaVersion, tree, ...built, mirrors };
  const record = { ...facts, digest: await archiveIndexDigest(facts) };
  await store.saveArchiveIndex(record);
  return record;
}

/** The stored index of that tree; null when there is none, or when it is damaged. */
export async function soundArchiveIndex(store: Store, tree: string): Promise<ArchiveIndexRecord | null> {
  const record = await store.archiveIndex(tree);
  return record !== undefined && (await archiveIndexDigest(record)) === record.digest ? record : null;
}

async function ofAll(snapshot: Snapshot, slice: Slice): Promise<ArchiveIndexBuilder> {
  const builder = new ArchiveIndexBuilder();
  await snapshot.visit("packages/", slice, (path, bytes, rank) => {
    if (packageFile.test(path)) builder.add(rank, path, bytes);
  });
  return builder;
}

async function ofChanges(
  snapshot: Snapshot,
  manifest: Manifest,
  before: IndexedSnapshot,
  old: ArchiveIndexRecord,
  slice: Slice,
): Promise<ArchiveIndexBuilder> {
  const oldManifest = new Manifest(before.snapshot.manifest);
  const same = await keptRanks(oldManifest, manifest, before.kept, slice);
  const { ranks, changed } = await withChangedFiles(oldManifest, manifest, same, slice);
  const kept = (path: string) => (ranks[oldManifest.find(path)] ?? -1) >= 0;
  const { tables, problems } = old;
  const builder = new ArchiveIndexBuilder({ index: new ArchiveIndex(tables), problems, ranks, kept });
  for (const rank of changed) {
    const path = manifest.path(rank);
    if (!packageFile.test(path)) continue;
    const file = await snapshot.read(path);
    if (file !== undefined) builder.add(rank, path, file.bytes);
    if (slice.due()) await slice.pause();
  }
  return builder;
}
