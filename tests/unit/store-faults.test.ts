import "fake-indexeddb/auto";
import { forceCloseDatabase } from "fake-indexeddb";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { scopeNames } from "../../src/protocol/names.ts";
import { openIndexedDbStore } from "../../src/store/indexeddb.ts";
import type { Store } from "../../src/store/store.ts";
import {
  sampleBytes,
  sampleConfig,
  sampleLastSync,
  sampleSnapshot,
  sampleTarball,
  storePack,
} from "../contract/store-samples.ts";

// Every IndexedDB operation of a sync fails once, then for good, under each name that browsers use.

const realTransaction = IDBDatabase.prototype.transaction;
const realPut = IDBObjectStore.prototype.put;
const realGet = IDBObjectStore.prototype.get;
let opened = 0;

afterEach(() => {
  IDBDatabase.prototype.transaction = realTransaction;
  IDBObjectStore.prototype.put = realPut;
  IDBObjectStore.prototype.get = realGet;
});

const freshStore = () => openIndexedDbStore(scopeNames(`/faults/${opened++}/`), { clock: systemClock });

/** The storage steps of a sync, from an old snapshot `s1` to `s2`. */
async function sync(store: Store, snapshot: string, key: string): Promise<void> {
  await store.configure(sampleConfig("default"));
  const epoch = await store.takeEpoch("default");
  await storePack(store, key);
  await store.publish(sampleSnapshot(snapshot, "default", [key]), epoch);
  await store.saveLastSync("default", epoch, sampleLastSync(1), "master");
  await store.saveTarball(sampleTarball(snapshot, sampleBytes(50, 1)));
  const files = store.gitFiles("default");
  await files.writeFile(1, sampleBytes(5, 1));
  await files.saveSuperblock("tree");
  await store.collect(new Set());
}

/** What a reader finds: the id of the served snapshot, after checking that all of it is there. */
async function served(store: Store): Promise<string> {
  const record = await store.repository("default");
  const snapshot = await store.snapshot(record?.snapshot ?? "");
  expect(snapshot?.id).toBe(record?.snapshot);
  const pack = await store.pack(snapshot?.packs[0] ?? "");
  expect((await pack?.read(0, 2_000))?.length).toBe(1_000);
  return snapshot!.id;
}

/** From the `nth` transaction on, `times` transactions are refused when they are opened. */
function failTransactions(nth: number, times: number, name: string): () => number {
  let calls = 0;
  IDBDatabase.prototype.transaction = function (...args) {
    calls++;
    if (calls >= nth && calls < nth + times) throw new DOMException("injected", name);
    return realTransaction.apply(this, args);
  };
  return () => calls;
}

/** As a browser refuses for lack of space: the request is accepted, and its transaction aborts. */
function failPut(nth: number, name: string): () => number {
  let calls = 0;
  IDBObjectStore.prototype.put = function (...args) {
    calls++;
    const request = realPut.apply(this, args);
    if (calls === nth) (this.transaction as unknown as { _abort(name: string): void })._abort(name);
    return request;
  };
  return () => calls;
}

/** The nth read finds that its transaction was aborted. */
function failGet(nth: number, name: string): void {
  let calls = 0;
  IDBObjectStore.prototype.get = function (...args) {
    calls++;
    const request = realGet.apply(this, args);
    if (calls === nth) (this.transaction as unknown as { _abort(name: string): void })._abort(name);
    return request;
  };
}

async function countSteps(): Promise<{ transactions: number; puts: number }> {
  const store = await freshStore();
  await sync(store, "s1", "a1");
  const transactions = failTransactions(Number.POSITIVE_INFINITY, 1, "none");
  const puts = failPut(Number.POSITIVE_INFINITY, "none");
  await sync(store, "s2", "b2");
  return { transactions: transactions(), puts: puts() };
}

describe.each(["UnknownError", "InvalidStateError", "AbortError"])("%s", (name) => {
  test("once, on any transaction: the sync does not notice", async () => {
    const { transactions } = await countSteps();
    expect(transactions).toBeGreaterThan(8);
    for (let nth = 1; nth <= transactions; nth++) {
      IDBDatabase.prototype.transaction = realTransaction;
      IDBObjectStore.prototype.put = realPut;
      const store = await freshStore();
      await sync(store, "s1", "a1");
      failTransactions(nth, 1, name);
      await sync(store, "s2", "b2");
      expect(await served(store)).toBe("s2");
      await store.close();
    }
  });

  test("for good, from any transaction on: a typed error after three reopenings, and the old or new snapshot", async () => {
    const { transactions } = await countSteps();
    for (let nth = 1; nth <= transactions; nth++) {
      IDBDatabase.prototype.transaction = realTransaction;
      IDBObjectStore.prototype.put = realPut;
      const store = await freshStore();
      await sync(store, "s1", "a1");
      const calls = failTransactions(nth, Number.POSITIVE_INFINITY, name);
      await expect(sync(store, "s2", "b2")).rejects.toMatchObject({ code: "store-failed" });
      expect(calls()).toBe(nth + 3);
      IDBDatabase.prototype.transaction = realTransaction;
      expect(["s1", "s2"]).toContain(await served(store));
      await sync(store, "s3", "c3");
      expect(await served(store)).toBe("s3");
      await store.close();
    }
  });

  test("on any read: it is done again, and nothing is left unhandled", async () => {
    const store = await freshStore();
    await sync(store, "s1", "a1");
    for (let nth = 1; nth <= 3; nth++) {
      failGet(nth, name);
      expect(await served(store)).toBe("s1");
    }
    failGet(1, name);
    expect(await store.tarball("s1")).toBeDefined();
    failGet(1, name);
    expect(await store.gitFiles("default").readFile(1)).toEqual(sampleBytes(5, 1));
  });

  test("on any write inside a transaction: nothing of it stays, and it is done again", async () => {
    const { puts } = await countSteps();
    for (let nth = 1; nth <= puts; nth++) {
      IDBObjectStore.prototype.put = realPut;
      const store = await freshStore();
      await sync(store, "s1", "a1");
      failPut(nth, name);
      await sync(store, "s2", "b2");
      expect(await served(store)).toBe("s2");
      await store.close();
    }
  });
});

test("no space, on any write: store-quota, the old or the new snapshot, and the next sync succeeds", async () => {
  const { puts } = await countSteps();
  expect(puts).toBeGreaterThan(6);
  for (let nth = 1; nth <= puts; nth++) {
    IDBObjectStore.prototype.put = realPut;
    const store = await freshStore();
    await sync(store, "s1", "a1");
    const calls = failPut(nth, "QuotaExceededError");
    await expect(sync(store, "s2", "b2")).rejects.toMatchObject({ code: "store-quota" });
    // Not tried again: a full disk does not empty itself.
    expect(calls()).toBeLessThanOrEqual(nth + 1);
    IDBObjectStore.prototype.put = realPut;
    expect(["s1", "s2"]).toContain(await served(store));
    await sync(store, "s3", "c3");
    expect(await served(store)).toBe("s3");
    await store.close();
  }
});

test("store-quota names the size that was refused", async () => {
  const store = await freshStore();
  failPut(1, "QuotaExceededError");
  const writer = store.packWriter();
  await writer.write(sampleBytes(5_000, 1));
  await expect(writer.commit("a1", sampleBytes(300, 1))).rejects.toMatchObject({ data: { needed: 5_300 } });
  IDBObjectStore.prototype.put = realPut;
  await writer.commit("a1", sampleBytes(300, 1));
  expect((await store.pack("a1"))?.size).toBe(5_000);
});

test("an error of another name is not retried", async () => {
  const store = await freshStore();
  const calls = failTransactions(1, Number.POSITIVE_INFINITY, "DataError");
  await expect(store.repositories()).rejects.toMatchObject({
    code: "store-failed",
    data: { operation: "read repositories" },
  });
  expect(calls()).toBe(1);
});

test("a connection that the browser closes by force is opened again", async () => {
  const handles: IDBDatabase[] = [];
  IDBDatabase.prototype.transaction = function (...args) {
    if (!handles.includes(this)) handles.push(this);
    return realTransaction.apply(this, args);
  };
  const store = await freshStore();
  await sync(store, "s1", "a1");
  for (let round = 1; round <= 5; round++) {
    forceCloseDatabase(handles.at(-1) as never);
    expect(await served(store)).toBe("s1");
    expect(handles.length).toBe(round + 1);
  }
});

test("an open that never answers is given up after ten seconds", async () => {
  const slept: number[] = [];
  const clock = { ...systemClock, sleep: async (ms: number) => void slept.push(ms) };
  const silent = { open: () => ({}) } as unknown as IDBFactory;
  await expect(openIndexedDbStore(scopeNames("/silent/"), { clock, indexedDB: silent })).rejects.toMatchObject({
    code: "store-failed",
    data: { operation: "open" },
  });
  expect(slept).toEqual([10_000]);
});

test("without IndexedDB the store says what is missing", async () => {
  const there = globalThis.indexedDB;
  try {
    Object.assign(globalThis, { indexedDB: undefined });
    await expect(freshStore()).rejects.toMatchObject({ code: "unsupported", data: { feature: "IndexedDB" } });
  } finally {
    Object.assign(globalThis, { indexedDB: there });
  }
});
