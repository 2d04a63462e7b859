import type { Slice } from "../core/cooperation/slice.ts";
import { fromHex } from "../core/git/oid.ts";
import { buildIdx } from "../core/git/pack-idx.ts";
import type { PackReader } from "../core/git/pack-reader.ts";
import { sha1OfWhole } from "../platform/sha1.ts";
import { type SnapshotRecord, schemaVersion } from "../store/records.ts";
import { snapshotDigest } from "../store/snapshot-digest.ts";
import type { SyncHost } from "./host.ts";
import { snapshotId } from "./snapshot-id.ts";

const writeBytes = 1 << 20;

/** Hands a verified pack to the store, with its idx. `stored` resolves when it is durable there; whatever fails leaves nothing behind. */
export async function storePack(
  host: SyncHost,
  reader: PackReader,
  checksum: string,
  slice: Slice,
): Promise<{ readonly stored: Promise<void> }> {
  const idx = await buildIdx(reader.table, fromHex(checksum), sha1OfWhole, slice);
  const writer = host.store.packWriter();
  try {
    for (let at = 0; at < reader.buffer.length; at += writeBytes) {
      await writer.write(reader.buffer.bytes.subarray(at, Math.min(at + writeBytes, reader.buffer.length)));
      if (slice.due()) await slice.pause();
    }
  } catch (thrown) {
    await writer.abort();
    throw thrown;
  }
  const stored = writer.commit(checksum, idx).catch(async (thrown: unknown) => {
    await writer.abort();
    throw thrown;
  });
  // Whoever walks the tree meanwhile may fail first; then nobody waits for this.
  stored.catch(() => undefined);
  return { stored };
}

/** The record of a new snapshot, of a commit that was fetched at `madeAt` (milliseconds since the Unix epoch). */
export async function snapshotRecord(
  facts: Omit<SnapshotRecord, "schema" | "id" | "digest">,
  madeAt: number,
): Promise<SnapshotRecord> {
  const id = snapshotId(facts.repository, facts.commit, madeAt, facts.packs);
  const whole = { ...facts, schema: schemaVersion, id };
  return { ...whole, digest: await snapshotDigest(whole) };
}
