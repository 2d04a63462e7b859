import type { Slice } from "../core/cooperation/slice.ts";
import { blobBytes, blobRange } from "./blob-bytes.ts";
import type { IndexedDbConnection } from "./indexeddb-connection.ts";
import { readRecord } from "./indexeddb-transaction.ts";
import { usableRecord } from "./record-schema.ts";
import type { PackRecord } from "./records.ts";
import type { PackReadable } from "./store.ts";

/** A stored pack by its Blob handles; bytes are read when asked for, and never kept. */
export async function readPack(
  connection: IndexedDbConnection,
  key: string,
  slice: Slice | undefined,
): Promise<PackReadable | undefined> {
  const record = await storedPack(connection, key);
  if (!record) return undefined;
  const { pack, idx } = record;
  return {
    key,
    size: pack.size,
    read: (offset, length) => blobRange(`pack ${key}`, pack, offset, length),
    idx: () => blobBytes(`index of pack ${key}`, idx, slice),
  };
}

export async function storedPack(connection: IndexedDbConnection, key: string): Promise<PackRecord | undefined> {
  const record = usableRecord(await connection.run("read pack", (database) => readRecord(database, "packs", key)));
  return record?.pack instanceof Blob && record.idx instanceof Blob ? record : undefined;
}
