import { Slice } from "../../src/core/cooperation/slice.ts";
import { checkClosure } from "../../src/core/git/closure.ts";
import { defaultLimits, type Limits } from "../../src/core/git/limits.ts";
import { fromHex } from "../../src/core/git/oid.ts";
import { buildIdx } from "../../src/core/git/pack-idx.ts";
import { PackReader } from "../../src/core/git/pack-reader.ts";
import { assertCountable } from "../../src/core/git/path-count.ts";
import { type WalkedTree, walkServedTree } from "../../src/core/git/tree-walk.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { createDigest } from "../../src/platform/digest.ts";
import { sha1OfWhole } from "../../src/platform/sha1.ts";

export interface ReadPack {
  readonly reader: PackReader;
  readonly idx: Uint8Array;
  readonly checksum: string;
  readonly walked: WalkedTree;
}

export interface ReadPackOptions {
  readonly limits?: Partial<Limits>;
  readonly boundary?: readonly string[];
  /** Bytes a write; the whole pack at once unless given. */
  readonly chunkBytes?: number;
  readonly treeCacheBytes?: number;
  readonly objectCacheBytes?: number;
}

/** Everything that a first sync does with a pack before it is stored. */
export async function readPack(pack: Uint8Array, commit: string, options: ReadPackOptions = {}): Promise<ReadPack> {
  const limits = { ...defaultLimits, ...options.limits };
  const slice = new Slice(systemClock, () => new Promise((resolve) => setImmediate(resolve)), 4);
  const { treeCacheBytes, objectCacheBytes } = options;
  const reader = new PackReader({
    limits,
    slice,
    objectSha1: await createDigest("sha1"),
    packSha1: sha1OfWhole,
    ...(treeCacheBytes !== undefined && { treeCacheBytes }),
    ...(objectCacheBytes !== undefined && { objectCacheBytes }),
  });
  const step = options.chunkBytes ?? Math.max(1, pack.length);
  for (let at = 0; at < pack.length; at += step) await reader.write(pack.subarray(at, at + step));
  const checksum = await reader.end();
  reader.assertResolved();
  const facts = await checkClosure(reader, commit, new Set(options.boundary ?? [commit]), null, slice);
  const { table } = reader;
  const root = table.find(fromHex(facts.tree));
  await assertCountable(reader, root, limits.files, slice);
  const walked = await walkServedTree(
    reader.content(root),
    {
      tree: (oids, at) => reader.content(table.find(oids, at)),
      place: (oids, at) => ({ pack: 0, offset: table.offsets[table.find(oids, at)]! }),
    },
    limits,
    slice,
  );
  const idx = await buildIdx(table, fromHex(checksum), sha1OfWhole, slice);
  return { reader, idx, checksum, walked };
}
