import { type IDBPObjectStore, type IDBPTransaction, unwrap } from "idb";
import { MirrorError } from "../core/errors.ts";
import type { MirrorDatabase, MirrorSchema, MirrorStoreName } from "./indexeddb-schema.ts";

export type WriteTransaction = IDBPTransaction<MirrorSchema, MirrorStoreName[], "readwrite">;

/**
 * One readwrite transaction around `body`, which awaits its requests, and nothing else. Resolves when the
 * transaction is complete (`strict`: on disk). When `body` throws, nothing of it stays.
 *
 * @note A refusal for lack of space arrives on the transaction, while its requests only say AbortError and later ones
 * TransactionInactiveError: the transaction's own error is the one to report.
 */
export async function inTransaction<T>(
  database: MirrorDatabase,
  stores: MirrorStoreName[],
  durability: IDBTransactionDurability,
  body: (transaction: WriteTransaction) => Promise<T>,
): Promise<T> {
  const transaction: WriteTransaction = database.transaction(stores, "readwrite", { durability });
  const settled = transaction.done.then(
    () => null,
    (thrown: unknown) => ({ thrown }),
  );
  let result: T;
  try {
    result = await body(transaction);
  } catch (thrown) {
    try {
      transaction.abort();
    } catch {
      // Already aborted, by the failure that is being reported.
    }
    await settled;
    throw thrown instanceof MirrorError ? thrown : (unwrap(transaction).error ?? thrown);
  }
  const failure = await settled;
  if (failure) throw unwrap(transaction).error ?? failure.thrown;
  return result;
}

/** One record. Past idb's wrappers, which take as long as a tenth of a small answer. */
export function readRecord<Name extends MirrorStoreName>(
  database: MirrorDatabase,
  name: Name,
  key: MirrorSchema[Name]["key"],
): Promise<MirrorSchema[Name]["value"] | undefined> {
  return new Promise((resolve, reject) => {
    const transaction = unwrap(database).transaction(name);
    const request: IDBRequest<MirrorSchema[Name]["value"] | undefined> = transaction.objectStore(name).get(key);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(transaction.error ?? request.error);
  });
}

/**
 * Reads of one object store in one transaction.
 *
 * @note idb's shortcuts (`database.get`) leave the transaction's own promise without a listener: a connection that is lost in
 * the middle of a read would be an unhandled rejection of its context.
 */
export async function reading<Name extends MirrorStoreName, T>(
  database: MirrorDatabase,
  name: Name,
  body: (store: IDBPObjectStore<MirrorSchema, [Name], Name>) => Promise<T>,
): Promise<T> {
  const transaction = database.transaction(name);
  transaction.done.catch(() => {});
  try {
    return await body(transaction.store);
  } catch (thrown) {
    throw thrown instanceof MirrorError ? thrown : (unwrap(transaction).error ?? thrown);
  }
}
