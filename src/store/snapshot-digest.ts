import { toHex } from "../core/git/oid.ts";
import { sha256 } from "../platform/sha256.ts";
import type { SnapshotRecord } from "./records.ts";

/** Hex sha256 over everything a snapshot record says, its own digest excepted. */
export async function snapshotDigest(record: Omit<SnapshotRecord, "digest">): Promise<string> {
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
    ...(record.schema > 1 ? [record.updates] : []),
    toHex(await sha256(new Uint8Array(record.manifest))),
  ];
  return toHex(await sha256(new TextEncoder().encode(JSON.stringify(facts)) as Uint8Array<ArrayBuffer>));
}
