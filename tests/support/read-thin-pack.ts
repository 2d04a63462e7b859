import { createHash } from "node:crypto";
import { defaultLimits } from "../../src/core/git/limits.ts";
import { PackReader } from "../../src/core/git/pack-reader.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { deflate } from "../../src/platform/deflate.ts";
import { createDigest } from "../../src/platform/digest.ts";
import { sha1OfWhole } from "../../src/platform/sha1.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import { schemaVersion } from "../../src/store/records.ts";
import { StoredObjects } from "../../src/store/stored-objects.ts";
import { verifyClosure, walkTree } from "../../src/sync/verify.ts";
import { macrotask, nodeSlice } from "./node-mirror.ts";
import { readPack } from "./read-pack.ts";

export interface ReadThinPack {
  readonly reader: PackReader;
  /** Hex checksum of the pack with its bases. */
  readonly checksum: string;
  readonly bytes: Uint8Array;
}

/** What a second sync does with the pack of an update: bases from the pack before, then closure and walk over both. */
export async function readThinPack(
  pack: Uint8Array,
  commit: string,
  boundary: readonly string[],
  prior: Uint8Array,
  priorCommit: string,
): Promise<ReadThinPack> {
  const before = await readPack(prior, priorCommit);
  const store = createMemoryStore();
  const writer = store.packWriter();
  await writer.write(prior);
  await writer.commit(before.checksum, before.idx);
  const objects = await StoredObjects.open(store, [before.checksum]);
  const slice = nodeSlice();
  const objectSha1 = await createDigest("sha1");
  const reader = new PackReader({ limits: defaultLimits, slice, objectSha1, packSha1: sha1OfWhole, thin: true });
  await reader.write(pack);
  let checksum = await reader.end();
  if (reader.unresolved > 0) checksum = await reader.complete({ fetch: (oid) => objects.read(oid), deflate });
  reader.assertResolved();
  const tip = before.reader.content(before.reader.find(priorCommit));
  const tree = new TextDecoder().decode(tip.bytes.subarray(tip.from + 5, tip.from + 45));
  const snapshot = {
    schema: schemaVersion,
    id: "before",
    repository: "default",
    commit: priorCommit,
    tree,
    branch: "master",
    committedAt: 0,
    packs: [before.checksum],
    manifest: before.walked.manifest,
    packages: before.walked.packages,
    versions: before.walked.versions,
    parseErrors: before.walked.skipped,
    redirect: null,
    updates: [],
    digest: "",
  };
  const host = {
    store,
    fetch,
    clock: systemClock,
    macrotask,
    slice: nodeSlice,
    limits: defaultLimits,
    base: "",
    gitDirectory: (name: string) => name,
  };
  const foundation = { snapshot, objects };
  const facts = await verifyClosure(reader, commit, boundary, foundation, slice);
  await walkTree(host, reader, facts, foundation, slice);
  const bytes = reader.buffer.bytes.subarray(0, reader.buffer.length);
  if (createHash("sha1").update(bytes.subarray(0, -20)).digest("hex") !== checksum)
    throw new Error("the completed pack has a wrong trailer");
  return { reader, checksum, bytes };
}
