import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import { Manifest } from "../core/git/manifest.ts";
import { compareOids } from "../core/git/oid.ts";
import { PackReader } from "../core/git/pack-reader.ts";
import { PackUnion } from "../core/git/pack-union.ts";
import { findReachable } from "../core/git/reachable.ts";
import { repack } from "../core/git/repack.ts";
import { deflate } from "../platform/deflate.ts";
import { createDigest } from "../platform/digest.ts";
import { sha1OfWhole } from "../platform/sha1.ts";
import type { SnapshotRecord } from "../store/records.ts";
import { StoredObjects } from "../store/stored-objects.ts";
import type { SyncHost } from "./host.ts";
import { snapshotMadeAt } from "./snapshot-id.ts";
import { snapshotRecord, storePack } from "./snapshot-writer.ts";
import { verifyClosure, walkTree } from "./verify.ts";

/** What is kept in memory beside the new pack: windows of the old ones, and inflated objects while the new one is verified. */
const windowBytes = 4 << 20;
const treeCacheBytes = 6 << 20;
const objectCacheBytes = 4 << 20;

/**
 * Puts what the snapshot's commit needs of its packs into one pack, and publishes the same commit again, named by that pack alone.
 * The new pack is read, hashed and checked like one that a remote sent, and must serve the same files, before the pointer is flipped.
 * Returns the new snapshot, or null when there was nothing to gain. Throws `store-*`, `fenced-out`, and for damaged packs
 * `store-lost`; until the flip nothing is changed.
 */
export async function compactSnapshot(
  host: SyncHost,
  before: SnapshotRecord,
  epoch: number,
  signal: AbortSignal,
): Promise<SnapshotRecord | null> {
  const slice = host.slice();
  slice.takeTime();
  // An aborted compaction ends at its next pause, wherever that is.
  slice.onResume = () => signal.throwIfAborted();
  const { reader, manifest, checksum } = await compacted(host, before, slice).catch((thrown: unknown) => {
    throw damage(thrown);
  });
  if (before.packs.length === 1 && before.packs[0] === checksum) return null;
  signal.throwIfAborted();
  await (await storePack(host, reader, checksum, slice)).stored;
  const { schema: _schema, id: _id, digest: _digest, ...facts } = before;
  const madeAt = snapshotMadeAt(before.id) ?? before.committedAt;
  const after = await snapshotRecord({ ...facts, packs: [checksum], manifest }, Math.round(madeAt * 1000));
  // Before the flip: a request for index.tar.gz right after it finds the same bytes as before.
  const tarball = await host.store.tarball(before.id);
  if (tarball !== undefined) await host.store.saveTarball({ ...tarball, snapshot: after.id });
  signal.throwIfAborted();
  // Publishing says that the configured remote was fetched; this has not been, and the next sync must know.
  if ((await host.store.repository(before.repository))?.moved === true) return null;
  await host.store.publish(after, epoch);
  return after;
}

/** The new pack in memory, read and verified. */
async function compacted(
  host: SyncHost,
  before: SnapshotRecord,
  slice: Slice,
): Promise<{ readonly reader: PackReader; readonly manifest: ArrayBuffer; readonly checksum: string }> {
  const objects = await StoredObjects.open(host.store, before.packs, windowBytes);
  const union = new PackUnion(objects.packs);
  const reachable = await findReachable(union, objects.reader, before.commit, slice);
  const reader = new PackReader({
    limits: host.limits,
    slice,
    objectSha1: await createDigest("sha1"),
    packSha1: sha1OfWhole,
    treeCacheBytes,
    objectCacheBytes,
  });
  await repack(union, reachable, {
    limits: host.limits,
    slice,
    sha1: await createDigest("sha1"),
    reader: objects.reader,
    deflate,
    sink: (bytes) => reader.write(bytes),
  });
  await reader.finish();
  reader.assertResolved();
  const facts = await verifyClosure(reader, before.commit, [before.commit], null, slice);
  const { manifest } = await walkTree(host, reader, facts, null, slice);
  await assertSameFiles(before.manifest, manifest, slice);
  return { reader, manifest, checksum: await reader.checksum() };
}

/** Bytes that were good when they were stored and are not now: not the remote's doing, whatever the reader calls it. */
function damage(thrown: unknown): unknown {
  if (!(thrown instanceof MirrorError) || !/^(pack|delta|object|tree)-/.test(thrown.code)) return thrown;
  return new MirrorError("store-lost", { reason: `a stored pack is damaged: ${thrown.message}` }, thrown);
}

async function assertSameFiles(before: ArrayBuffer, after: ArrayBuffer, slice: Slice): Promise<void> {
  const old = new Manifest(before);
  const now = new Manifest(after);
  let same = old.count === now.count;
  for (let rank = 0; same && rank < now.count; rank++) {
    const [left, right] = [old.entry(rank), now.entry(rank)];
    same = compareOids(left.oids, left.oidAt, right.oids, right.oidAt) === 0 && sameBytes(left.path, right.path);
    if (slice.due()) await slice.pause();
  }
  if (!same) throw new MirrorError("store-lost", { reason: "the stored packs and the list of files do not agree" });
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let i = 0; i < left.length; i++) if (left[i] !== right[i]) return false;
  return true;
}
