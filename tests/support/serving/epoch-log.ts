/** A transaction of an engine that took an epoch or published a snapshot, told after it was complete. */
export interface EpochEntry {
  readonly what: "take" | "publish";
  /** Of the engine. */
  readonly engine: string;
  readonly epoch: number;
  readonly snapshot: string | null;
}

export const epochChannel = "test:epochs";

/** For instrumentedApp: tells on a channel what the engine does to the records of repositories. */
export function logEpochs(channel: string): void {
  type Record = { readonly epoch: number; readonly snapshot: string | null } | undefined;
  const engine = Math.random().toString(36).slice(2);
  const log = new BroadcastChannel(channel);
  const before = new WeakMap<IDBTransaction, Record>();
  const { get, put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.get = function (this: IDBObjectStore, key: IDBValidKey) {
    const request = get.call(this, key);
    if (this.name === "repositories")
      request.addEventListener("success", () => before.set(this.transaction, request.result as Record));
    return request;
  };
  IDBObjectStore.prototype.put = function (this: IDBObjectStore, value: NonNullable<Record>, ...key: []) {
    const request = put.call(this, value, ...key);
    const old = this.name === "repositories" ? before.get(this.transaction) : undefined;
    const { epoch, snapshot } = value;
    const what = old && (old.epoch !== epoch ? "take" : old.snapshot !== snapshot ? "publish" : null);
    if (what) this.transaction.addEventListener("complete", () => log.postMessage({ what, engine, epoch, snapshot }));
    return request;
  };
}

/** What must not be: an epoch that was taken twice, or a snapshot published by an engine that had not taken its epoch. */
export function epochFaults(entries: readonly EpochEntry[]): string[] {
  const faults: string[] = [];
  const takers = new Map<number, string>();
  for (const { what, engine, epoch } of entries) {
    if (what !== "take") continue;
    if (takers.has(epoch)) faults.push(`epoch ${epoch} was taken by ${takers.get(epoch)} and by ${engine}`);
    takers.set(epoch, engine);
  }
  for (const { what, engine, epoch, snapshot } of entries) {
    // The taker of an epoch may have been killed before it could tell.
    if (what === "publish" && (takers.get(epoch) ?? engine) !== engine)
      faults.push(`${snapshot} was published by ${engine} under epoch ${epoch} of ${takers.get(epoch)}`);
  }
  return faults;
}
