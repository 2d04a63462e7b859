import { MirrorError } from "../core/errors.ts";
import { PackIdx } from "../core/git/pack-idx.ts";
import type { IndexedPack } from "../core/git/pack-union.ts";
import type { PackReadable } from "./store.ts";

/**
 * A stored pack in memory, so that reading objects waits for nothing: an update reads hundreds that are spread over the whole pack, and a
 * slice of a Blob costs as much as the rest of the work on an object. Throws `store-lost`.
 */
export async function loadPack(pack: PackReadable): Promise<IndexedPack> {
  // In one go: browsers hand the bytes over piece by piece anyhow, and each call costs as much as reading a megabyte.
  const [idx, bytes] = await Promise.all([readIdx(pack), pack.read(0, pack.size)]);
  return {
    pack: {
      key: pack.key,
      size: pack.size,
      bytes: (offset) => ({ bytes, at: offset }),
      offsetOf: async (oid) => idx.offsetOf(oid),
    },
    idx,
  };
}

/** Throws `store-lost` when it is damaged. */
export async function readIdx(pack: PackReadable): Promise<PackIdx> {
  const bytes = await pack.idx();
  try {
    return new PackIdx(bytes);
  } catch (thrown) {
    throw new MirrorError("store-lost", { reason: `the idx of pack ${pack.key} is damaged` }, thrown);
  }
}
