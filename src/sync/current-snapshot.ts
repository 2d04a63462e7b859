import type { Slice } from "../core/cooperation/slice.ts";
import { toHex } from "../core/git/oid.ts";
import { createDigest } from "../platform/digest.ts";
import type { ArchiveIndexRecord, SnapshotRecord } from "../store/records.ts";
import { snapshotDigest } from "../store/snapshot-digest.ts";
import type { PackReadable } from "../store/store.ts";
import type { SyncHost } from "./host.ts";

export interface CurrentSnapshot {
  readonly record: SnapshotRecord;
  /** Whether its packs are there, and are what they were: only then an update can build upon it. */
  readonly sound: boolean;
}

/** Records in memory, as they were read or made. The index was checked. */
export interface KnownSnapshot {
  readonly snapshot: SnapshotRecord | null;
  readonly archives: ArchiveIndexRecord | null;
}

const trailerBytes = 20;
const pieceBytes = 256 * 1024;

/**
 * The snapshot that is served; null when there is none, or none whose record can be believed. Packs are hashed only when somebody has
 * marked the snapshot as damaged. A mark that proves wrong is removed. `known`: a record that was read before, and need not be read
 * again if it is the one that serves: reading its manifest takes as long as asking the remote.
 */
export async function currentSnapshot(
  host: SyncHost,
  repository: string,
  slice: Slice,
  known: SnapshotRecord | null = null,
): Promise<CurrentSnapshot | null> {
  const { store } = host;
  const pointer = await store.repository(repository);
  if (pointer === undefined || pointer.snapshot === null) return null;
  const mayKnow = known?.id === pointer.snapshot && pointer.damage?.snapshot !== pointer.snapshot;
  const record = mayKnow ? known : await store.snapshot(pointer.snapshot);
  if (record === undefined || (await snapshotDigest(record)) !== record.digest) return null;
  const marked = pointer.damage?.snapshot === record.id;
  for (const key of record.packs) {
    const pack = await store.pack(key);
    if (pack === undefined || (marked && !(await isSound(pack, slice)))) return { record, sound: false };
  }
  if (marked) await store.saveDamage(repository, record.id, null);
  return { record, sound: true };
}

/** Whether pack and idx are, byte for byte, what their checksums say. */
async function isSound(pack: PackReadable, slice: Slice): Promise<boolean> {
  const sha1 = await createDigest("sha1");
  const hashed = async (length: number, read: (at: number, length: number) => Promise<Uint8Array>) => {
    sha1.init();
    for (let at = 0; at < length; at += pieceBytes) {
      const piece = await read(at, Math.min(pieceBytes, length - at));
      for (let from = 0; from < piece.length; from += 65_536) {
        sha1.update(piece.subarray(from, from + 65_536));
        if (slice.due()) await slice.pause();
      }
    }
    return toHex(sha1.digest());
  };
  try {
    const checksum = await hashed(pack.size - trailerBytes, (at, length) => pack.read(at, length));
    const idx = await pack.idx();
    const end = idx.length - trailerBytes;
    return (
      checksum === pack.key &&
      toHex(idx, end - trailerBytes, end) === pack.key &&
      toHex(idx, end) === (await hashed(end, async (at, length) => idx.subarray(at, at + length)))
    );
  } catch {
    // Bytes that cannot be read are as good as wrong ones.
    return false;
  }
}
