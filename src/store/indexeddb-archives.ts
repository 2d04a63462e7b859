import type { Clock } from "../core/cooperation/clock.ts";
import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import { toHex } from "../core/git/oid.ts";
import { leftBehind } from "../platform/collection-pressure.ts";
import { discardBuffer } from "../platform/discarded-buffer.ts";
import { PieceReader, withOldDecisions, writePieces } from "./archive-pieces.ts";
import { blobRange, pieceBytes } from "./blob-bytes.ts";
import type { IndexedDbConnection } from "./indexeddb-connection.ts";
import type { MirrorDatabase, StoredArchiveRecord } from "./indexeddb-schema.ts";
import { inTransaction, reading, readRecord, type WriteTransaction } from "./indexeddb-transaction.ts";
import type { ArchiveStore } from "./memory-archives.ts";
import { usableRecord } from "./record-schema.ts";
import { type ArchiveRecord, schemaVersion } from "./records.ts";
import type { ArchiveWriter, MakeRoom, StoredArchive } from "./store.ts";

/** Records read at once: a message of ten thousand would block who receives it. */
const recordsAtOnce = 250;
/** A writer that began so long ago is gone: no download takes so long. Milliseconds. */
const writerLifeMs = 3_600_000;
const timeDigits = 9;

/** The archives of a database: their records, and aside in pieces of 1 MiB their bytes. */
export function indexedDbArchives(
  connection: IndexedDbConnection,
  clock: Clock,
  slice: Slice | undefined,
): ArchiveStore {
  return {
    archive: (sha256) => connection.run("read archive", (database) => readArchive(connection, database, sha256)),
    archivesWith: (algorithm, hex) =>
      connection.run("find archive", (database) =>
        reading(database, "archives", (archives) => archives.index(algorithm).getAllKeys(hex)),
      ),
    async archiveRecords() {
      const found: ArchiveRecord[] = [];
      for (let after: string | null = null; ; ) {
        const range: IDBKeyRange | null = after === null ? null : IDBKeyRange.lowerBound(after, true);
        const records: StoredArchiveRecord[] = await connection.run("list archives", (database) =>
          reading(database, "archives", (archives) => archives.getAll(range, recordsAtOnce)),
        );
        for (const { writer: _, bytes: __, ...record } of records)
          if (record.schema <= schemaVersion) found.push(record);
        if (records.length < recordsAtOnce) return found;
        after = records.at(-1)!.sha256;
      }
    },
    archiveWriter: (makeRoom) => writeArchive(connection, clock, slice, makeRoom),
    changeArchive: (sha256, change) =>
      connection.run("change archive", (database) =>
        inTransaction(database, ["archives"], "relaxed", async (transaction) => {
          const archives = transaction.objectStore("archives");
          const old = usableRecord(await archives.get(sha256));
          if (old !== undefined) await archives.put({ ...old, ...change });
        }),
      ),
    removeArchive: (sha256) =>
      connection.run("remove archive", (database) =>
        inTransaction(database, ["archives", "archivepieces"], "relaxed", async (transaction) => {
          await removePieces(transaction, (await transaction.objectStore("archives").get(sha256))?.writer);
          await transaction.objectStore("archives").delete(sha256);
        }),
      ),
    archiveTotals: () =>
      connection.run("sum archives", (database) =>
        reading(database, "archives", async (archives) => {
          let stored = 0;
          let storedBytes = 0;
          for (let cursor = await archives.index("size").openKeyCursor(); cursor; cursor = await cursor.continue()) {
            stored++;
            storedBytes += cursor.key;
          }
          return { stored, storedBytes };
        }),
      ),
  };
}

/** Deletes the pieces that no record names and whose writer cannot live any more; at most `limit` writers. Returns how many. */
export async function collectPieces(transaction: WriteTransaction, clock: Clock, limit: number): Promise<number> {
  const pieces = transaction.objectStore("archivepieces");
  const named = new Set<string>();
  let deleted = 0;
  for (let cursor = await pieces.openKeyCursor(); cursor !== null && deleted < limit; ) {
    const [writer] = cursor.primaryKey;
    const began = Number.parseInt(writer.slice(0, timeDigits), 36);
    if (!(began > clock.wall() - writerLifeMs)) {
      if (named.size === 0) {
        // No name of a writer: so that this is not looked for again at each of them.
        named.add("");
        const records = transaction.objectStore("archives");
        for (let one = await records.index("writer").openKeyCursor(); one !== null; one = await one.continue())
          named.add(one.key);
      }
      if (!named.has(writer)) {
        await removePieces(transaction, writer);
        deleted++;
      }
    }
    cursor = await cursor.continue([writer, Number.MAX_SAFE_INTEGER]);
  }
  return deleted;
}

/** The record, and in the same transaction the only piece of most archives. */
async function readArchive(
  connection: IndexedDbConnection,
  database: MirrorDatabase,
  sha256: string,
): Promise<StoredArchive | undefined> {
  const transaction = database.transaction(["archives", "archivepieces"]);
  transaction.done.catch(() => {});
  const stored = usableRecord(await transaction.objectStore("archives").get(sha256));
  if (stored === undefined) return undefined;
  const { writer, bytes, ...record } = stored;
  if (writer === undefined) {
    // Schema 1 and 2: the bytes are in the record.
    if (!(bytes instanceof Blob) || bytes.size !== record.size) return undefined;
    return { record, read: (offset, length) => blobRange(`archive ${sha256}`, bytes, offset, length) };
  }
  const isSmall = record.size <= pieceBytes;
  const first = isSmall ? await transaction.objectStore("archivepieces").get([writer, 0]) : undefined;
  const reader = new PieceReader(
    () => record.size,
    (index) =>
      index === 0 && first !== undefined
        ? Promise.resolve(ownBytes(first.bytes))
        : readPiece(connection, writer, index),
    discardPiece,
  );
  const read: StoredArchive["read"] = (...range) => reader.read(...range);
  return first === undefined ? { record, read } : { record, read, again: rereading(connection, writer) };
}

/** A function of its own, which holds no bytes. */
function rereading(connection: IndexedDbConnection, writer: string): () => Promise<Uint8Array<ArrayBuffer>> {
  return () => readPiece(connection, writer, 0);
}

function discardPiece(piece: Uint8Array<ArrayBuffer>): void {
  discardBuffer(piece.buffer);
}

async function readPiece(
  connection: IndexedDbConnection,
  writer: string,
  index: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const piece = usableRecord(
    await connection.run("read archive", (database) => readRecord(database, "archivepieces", [writer, index])),
  );
  if (!(piece?.bytes instanceof ArrayBuffer))
    throw new MirrorError("store-lost", { reason: `piece ${index} of an archive is not there` });
  return ownBytes(piece.bytes);
}

function ownBytes(read: ArrayBuffer): Uint8Array<ArrayBuffer> {
  leftBehind(read.byteLength);
  return new Uint8Array(read);
}

function writeArchive(
  connection: IndexedDbConnection,
  clock: Clock,
  slice: Slice | undefined,
  makeRoom: MakeRoom | undefined,
): ArchiveWriter {
  const began = Math.floor(clock.wall()).toString(36).padStart(timeDigits, "0");
  const writer = `${began}-${toHex(crypto.getRandomValues(new Uint8Array(8)))}`;
  const pieceOf = (piece: Uint8Array<ArrayBuffer>) => ({
    schema: schemaVersion,
    bytes: piece.length === piece.buffer.byteLength ? piece.buffer : piece.slice().buffer,
  });
  return writePieces(
    {
      put: (index, piece) =>
        connection.run(
          "write archive",
          (database) =>
            inTransaction(database, ["archivepieces"], "relaxed", async (transaction) => {
              await transaction.objectStore("archivepieces").put(pieceOf(piece), [writer, index]);
            }),
          piece.length,
        ),
      get: (index) => readPiece(connection, writer, index),
      discardPiece,
      commit: (record, index, last) =>
        connection.run(
          "write archive",
          (database) =>
            inTransaction(database, ["archives", "archivepieces"], "relaxed", async (transaction) => {
              const archives = transaction.objectStore("archives");
              const old = usableRecord(await archives.get(record.sha256));
              if (last.length > 0) await transaction.objectStore("archivepieces").put(pieceOf(last), [writer, index]);
              await archives.put({ ...withOldDecisions(record, old), writer });
              // The same attempt again, after its connection was lost, must not delete what it has written.
              if (old?.writer !== writer) await removePieces(transaction, old?.writer);
            }),
          last.length,
        ),
      discard: () =>
        connection.run("discard archive", (database) =>
          inTransaction(database, ["archivepieces"], "relaxed", (transaction) => removePieces(transaction, writer)),
        ),
    },
    slice,
    makeRoom,
  );
}

async function removePieces(transaction: WriteTransaction, writer: string | undefined): Promise<void> {
  if (writer === undefined) return;
  await transaction
    .objectStore("archivepieces")
    .delete(IDBKeyRange.bound([writer, 0], [writer, Number.MAX_SAFE_INTEGER]));
}
