import { MirrorError } from "../core/errors.ts";
import { PackIdx } from "../core/git/pack-idx.ts";
import type { IndexedPack } from "../core/git/pack-union.ts";
import { pieceBytes } from "./blob-bytes.ts";
import type { PackReadable } from "./store.ts";

/**
 * A stored pack in memory, so that reading objects waits for nothing: an update reads hundreds that are spread over the whole pack, and a
 * slice of a Blob costs as much as the rest of the work on an object. Throws `store-lost`.
 */
export async function loadPack(pack: PackReadable): Promise<IndexedPack> {
  const bytes = new Uint8Array(pack.size);
  const pieces: Promise<void>[] = [];
  // All at once: the reads overlap, and each copies no more than a piece at a time.
  for (let at = 0; at < pack.size; at += pieceBytes)
    pieces.push(pack.read(at, Math.min(pieceBytes, pack.size - at)).then((piece) => bytes.set(piece, at)));
  const [idx] = await Promise.all([readIdx(pack), ...pieces]);
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
