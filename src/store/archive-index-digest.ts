import { toHex } from "../core/git/oid.ts";
import { sha256 } from "../platform/sha256.ts";
import type { ArchiveIndexRecord } from "./records.ts";

/** Hex sha256 over everything an archive index record says, its own digest excepted. */
export async function archiveIndexDigest(record: Omit<ArchiveIndexRecord, "digest">): Promise<string> {
  const { schema, tree, problems, mirrors } = record;
  const tables = toHex(await sha256(new Uint8Array(record.tables)));
  const facts = JSON.stringify([schema, tree, problems, mirrors, tables]);
  return toHex(await sha256(new TextEncoder().encode(facts) as Uint8Array<ArrayBuffer>));
}
