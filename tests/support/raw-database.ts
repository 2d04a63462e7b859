/** Changes every record of an object store, as damage or another version would: undefined deletes it. */
export async function changeRecords(
  database: string,
  store: string,
  change: (record: Record<string, unknown>) => Promise<Record<string, unknown> | undefined>,
): Promise<void> {
  const opened = await settled(indexedDB.open(database));
  const read = opened.transaction(store).objectStore(store);
  const [keys, records] = await Promise.all([settled(read.getAllKeys()), settled(read.getAll())]);
  // A transaction would not outlive waiting for the change.
  const changed: (Record<string, unknown> | undefined)[] = [];
  for (const record of records as Record<string, unknown>[]) changed.push(await change(record));
  const write = opened.transaction(store, "readwrite").objectStore(store);
  for (const [i, key] of keys.entries()) {
    const record = changed[i];
    if (record === undefined) await settled(write.delete(key));
    else await settled(write.keyPath === null ? write.put(record, key) : write.put(record));
  }
  opened.close();
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
