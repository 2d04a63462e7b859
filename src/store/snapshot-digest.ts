import { toHex } from "../core/git/oid.ts";
import { createDigest } from "../platform/digest.ts";
import type { SnapshotRecord } from "./records.ts";

/** Hex sha256 over everything a snapshot record says, its own digest excepted. */
export async function snapshotDigest(record: Omit<SnapshotRecord, "digest">): Promise<string> {
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
  sha256.update(new Uint8Array(record.manifest));
  return toHex(sha256.digest());
}
