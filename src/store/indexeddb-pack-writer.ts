import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import { sameBlobs } from "./blob-bytes.ts";
import { BlobPieces } from "./blob-pieces.ts";
import type { IndexedDbConnection } from "./indexeddb-connection.ts";
import { storedPack } from "./indexeddb-pack.ts";
import { inTransaction } from "./indexeddb-transaction.ts";
import { type PackRecord, schemaVersion } from "./records.ts";
import type { PackWriter } from "./store.ts";

/** Collects a pack in Blob pieces; the database knows nothing of it before `commit`. */
export function writePack(connection: IndexedDbConnection, slice: Slice | undefined): PackWriter {
  const pieces = new BlobPieces(slice);
  let ended: { readonly key: string | null } | null = null;

  return {
    async write(bytes) {
      if (ended) throw writerEnded();
      await pieces.add(bytes);
    },

    async commit(key, idx) {
      if (ended?.key === key) return;
      if (ended) throw writerEnded();
      const indexPieces = new BlobPieces(slice);
      await indexPieces.add(idx);
      const record: PackRecord = { schema: schemaVersion, key, pack: pieces.blob(), idx: indexPieces.blob() };
      // The key is the hash of bytes that the caller has just verified: a stored copy that differs is a damaged one,
      // and a fresh sync is what replaces it.
      const stored = await storedPack(connection, key);
      const kept =
        stored !== undefined &&
        (await sameBlobs(stored.idx, record.idx, slice)) &&
        (await sameBlobs(stored.pack, record.pack, slice));
      if (!kept) {
        await connection.run(
          "write pack",
          (database) =>
            inTransaction(database, ["packs"], "strict", (transaction) => transaction.objectStore("packs").put(record)),
          record.pack.size + record.idx.size,
        );
      }
      ended = { key };
      pieces.clear();
    },

    async abort() {
      ended ??= { key: null };
      pieces.clear();
    },
  };
}

function writerEnded(): MirrorError {
  return new MirrorError("aborted", { what: "writing the pack" });
}
