import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import { PieceReader, withOldDecisions, writePieces } from "./archive-pieces.ts";
import type { MemoryContents } from "./memory-contents.ts";
import { usableRecord } from "./record-schema.ts";
import { schemaVersion } from "./records.ts";
import type { Store } from "./store.ts";

export type ArchiveStore = Pick<
  Store,
  "archive" | "archivesWith" | "archiveRecords" | "archiveWriter" | "changeArchive" | "removeArchive" | "archiveTotals"
>;

/** The archives of a memory store. Readers of an archive that is removed read on. */
export function memoryArchives({ archives }: MemoryContents, slice: Slice | undefined): ArchiveStore {
  const piece = (pieces: readonly Uint8Array<ArrayBuffer>[], index: number) => {
    const found = pieces[index];
    if (found === undefined) throw new MirrorError("store-lost", { reason: "a piece of an archive" });
    return found;
  };
  return {
    async archive(sha256) {
      const found = archives.get(sha256);
      const record = usableRecord(found?.record);
      if (found === undefined || record === undefined) return undefined;
      const reader = new PieceReader(
        () => record.size,
        async (index) => piece(found.pieces, index),
      );
      return { record, read: (...range) => reader.read(...range) };
    },
    archivesWith: async (algorithm, hex) =>
      [...archives.values()].flatMap(({ record }) => (record[algorithm] === hex ? [record.sha256] : [])),
    archiveRecords: async () =>
      [...archives.values()].map(({ record }) => record).filter(({ schema }) => schema <= schemaVersion),
    archiveWriter(makeRoom) {
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      return writePieces(
        {
          put: async (_, bytes) => void pieces.push(bytes.slice()),
          get: async (index) => piece(pieces, index),
          commit: async (record, _, last) => {
            if (last.length > 0) pieces.push(last.slice());
            const kept = withOldDecisions(record, archives.get(record.sha256)?.record);
            archives.set(record.sha256, { record: kept, pieces });
          },
          discard: async () => void pieces.splice(0),
        },
        slice,
        makeRoom,
      );
    },
    async changeArchive(sha256, change) {
      const found = archives.get(sha256);
      if (found !== undefined) archives.set(sha256, { ...found, record: { ...found.record, ...change } });
    },
    removeArchive: async (sha256) => void archives.delete(sha256),
    async archiveTotals() {
      let storedBytes = 0;
      for (const { record } of archives.values()) storedBytes += record.size;
      return { stored: archives.size, storedBytes };
    },
  };
}
