import { type IDBPTransaction, unwrap } from "idb";
import type { MirrorDatabase, MirrorSchema, MirrorStoreName } from "./indexeddb-schema.ts";
import { errorName } from "./storage-failure.ts";

export type WriteTransaction = IDBPTransaction<MirrorSchema, MirrorStoreName[], "readwrite">;

/**
 * One readwrite transaction around `body`, which awaits nothing but requests of that transaction. Resolves when the
 * transaction is complete (`strict`: on disk). When `body` throws, nothing of it stays.
 *
 * @note A refusal for lack of space arrives on the transaction while its requests only say AbortError, so the
 * transaction's own error is the one to report.
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
    throw errorName(thrown) === "AbortError" ? (unwrap(transaction).error ?? thrown) : thrown;
  }
  const failure = await settled;
  if (failure) throw unwrap(transaction).error ?? failure.thrown;
  return result;
}
