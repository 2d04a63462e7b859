import type { Slice } from "../core/cooperation/slice.ts";
import { Digests } from "../serve/blob-digest.ts";
import type { Store } from "../store/store.ts";
import type { ArchiveShelf } from "../sync/archive-shelf.ts";

/** Bytes that are read at once. */
const pieceBytes = 1024 * 1024;

/** The archives of a store. */
export function storeShelf(store: Store, slice: () => Slice, now: () => number): ArchiveShelf {
  return {
    records: () => store.archiveRecords(),
    setPinned: (sha256, pinned) => store.changeArchive(sha256, { pinned }),
    remove: (sha256) => store.removeArchive(sha256),
    async verify(sha256) {
      const stored = await store.archive(sha256);
      // Removed meanwhile: nothing is wrong with it.
      if (stored === undefined) return true;
      const { size, md5, sha512 } = stored.record;
      const digests = await Digests.create(["md5", "sha256", "sha512"], slice());
      let at = 0;
      while (at < size) {
        const piece = await stored.read(at, pieceBytes).catch(() => new Uint8Array(0));
        if (piece.length === 0) break;
        await digests.update(piece);
        at += piece.length;
      }
      const found = digests.finish();
      if (found.sha256 === sha256 && found.md5 === md5 && found.sha512 === sha512) {
        await store.changeArchive(sha256, { verifiedAt: now() });
        return true;
      }
      // Unless somebody removed it while it was read.
      if ((await store.archive(sha256)) === undefined) return true;
      await store.removeArchive(sha256);
      return false;
    },
  };
}
