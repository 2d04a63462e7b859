import type { Slice } from "../core/cooperation/slice.ts";
import { toHex } from "../core/git/oid.ts";
import { createDigest } from "../platform/digest.ts";
import type { SnapshotRecord } from "./records.ts";

const stepBytes = 256 * 1024;

/** Hex sha256 over everything a snapshot record says, its own digest excepted. */
export async function snapshotDigest(record: Omit<SnapshotRecord, "digest">, slice?: Slice): Promise<string> {
  const sha256 = await createDigest("sha256");
  sha256.init();
  const facts = [
    record.schema,
    record.id,
    record.repository,
    record.commit,
    record.tree,
    record.branch,
    record.committedAt,
    record.packs,
    record.packages,
    record.versions,
    record.parseErrors,
    record.redirect,
  ];
  sha256.update(new TextEncoder().encode(JSON.stringify(facts)));
  const manifest = new Uint8Array(record.manifest);
  for (let at = 0; at < manifest.length; at += stepBytes) {
    sha256.update(manifest.subarray(at, at + stepBytes));
    if (slice?.due()) await slice.pause();
  }
  return toHex(sha256.digest());
}
