import { systemClock } from "../../src/platform/clock.ts";
import { scopeNames } from "../../src/protocol/names.ts";
import { openIndexedDbStore } from "../../src/store/indexeddb.ts";
import { databaseVersion } from "../../src/store/indexeddb-schema.ts";
import { type Case, equal, equalBytes, ok, refused } from "./store-case.ts";
import {
  indexBytes,
  packBytes,
  sampleBytes,
  sampleConfig,
  sampleSnapshot,
  storeArchive,
  storePack,
} from "./store-samples.ts";

/** What only a database can do: be upgraded, emptied and damaged behind a store's back. */
export function indexedDbCases(name: string, factory: IDBFactory): Case[] {
  const open = (place: string) => openIndexedDbStore(scopeNames(`/indexeddb/${place}/`), { clock: systemClock });
  const raw = (place: string, version?: number) =>
    openRaw(factory, scopeNames(`/indexeddb/${place}/`).database, version);

  const cases: Case[] = [
    {
      title: "an open store does not block a newer version, and says so afterwards",
      run: async () => {
        const stores = await Promise.all([open("upgrade"), open("upgrade"), open("upgrade")]);
        await stores[0].configure(sampleConfig("default"));
        const started = performance.now();
        const newer = await raw("upgrade", databaseVersion + 1);
        const ms = performance.now() - started;
        ok(ms < 3_000, `the upgrade was blocked for ${ms.toFixed(0)} ms`);
        for (const store of stores) {
          const { data } = await refused("store-newer", store.repository("default"), "a store of the older version");
          equal(data, { found: databaseVersion + 1, known: databaseVersion }, "what the refusal says");
        }
        await refused("store-newer", open("upgrade"), "opening the older version");
        newer.close();
        return `three open stores made room in ${ms.toFixed(0)} ms`;
      },
    },
    {
      title: "an upgrade that another tab blocks is given up within three seconds, and works once it lets go",
      run: async () => {
        const names = scopeNames("/indexeddb/blocked/");
        await (await open("blocked")).close();
        // The tab of an older version that does not listen to `versionchange`; what opens next is one version on.
        const holder = await raw("blocked");
        const next = { open: (database: string) => factory.open(database, databaseVersion + 1) } as IDBFactory;
        const openNext = () => openIndexedDbStore(names, { clock: systemClock, indexedDB: next });
        const started = performance.now();
        await refused("store-failed", openNext(), "opening while blocked");
        const ms = performance.now() - started;
        ok(ms > 2_000 && ms < 3_500, `it took ${ms.toFixed(0)} ms to give up`);
        holder.close();
        const store = await openNext();
        equal(await store.repositories(), [], "repositories after the upgrade");
        await store.close();
        // The attempt that was given up has succeeded meanwhile; it must not hold a connection that blocks the next version.
        const later = await raw("blocked", databaseVersion + 2);
        later.close();
        return `given up after ${ms.toFixed(0)} ms`;
      },
    },
    {
      title: "a deleted database reads as empty, and works again",
      run: async () => {
        const store = await open("deleted");
        await store.configure(sampleConfig("default"));
        const epoch = await store.takeEpoch("default");
        const snapshot = sampleSnapshot("s1", "default", [await storePack(store, "a1")]);
        await store.publish(snapshot, epoch);
        await new Promise<void>((resolve, reject) => {
          const request = factory.deleteDatabase(scopeNames("/indexeddb/deleted/").database);
          request.onsuccess = () => resolve();
          request.onerror = () => reject(request.error);
          request.onblocked = () => reject(new Error("the store blocks the deletion"));
        });
        equal(await store.repository("default"), undefined, "repository");
        equal(await store.snapshot("s1"), undefined, "snapshot");
        equal(await store.pack("a1"), undefined, "pack");
        await refused("store-lost", store.publish(snapshot, epoch), "publish into the emptied database");
        await store.configure(sampleConfig("default"));
        await storePack(store, "a1");
        await store.publish(snapshot, await store.takeEpoch("default"));
        equal((await store.repository("default"))?.snapshot, "s1", "pointer after a new sync");
        await store.close();
      },
    },
    {
      title: "a pointer whose snapshot or pack is gone reads as undefined",
      run: async () => {
        const store = await open("dangling");
        await store.configure(sampleConfig("default"));
        const epoch = await store.takeEpoch("default");
        await store.publish(sampleSnapshot("s1", "default", [await storePack(store, "a1")]), epoch);
        const database = await raw("dangling");
        await change(database, "snapshots", (records) => records.delete("s1"));
        await change(database, "packs", (records) =>
          records.put({ schema: 1, key: "a1", pack: "damaged", idx: "damaged" }),
        );
        await change(database, "tarballs", (records) => records.put({ snapshot: "s1" }));
        equal((await store.repository("default"))?.snapshot, "s1", "pointer");
        equal(await store.snapshot("s1"), undefined, "snapshot");
        equal(await store.pack("a1"), undefined, "pack");
        equal(await store.tarball("s1"), undefined, "record without a schema version");
        database.close();
        await store.close();
      },
    },
    {
      title: "committing a pack again replaces a damaged copy",
      run: async () => {
        const store = await open("repair");
        await storePack(store, "a1", 3_000);
        const damaged = packBytes("a1", 3_000);
        damaged[1_500]! ^= 1;
        const database = await raw("repair");
        const record = { schema: 1, key: "a1", pack: new Blob([damaged]), idx: new Blob([indexBytes("a1")]) };
        await change(database, "packs", (records) => records.put(record));
        equalBytes(await (await store.pack("a1"))?.read(0, 3_000), damaged, "damaged copy");
        await storePack(store, "a1", 3_000);
        equalBytes(await (await store.pack("a1"))?.read(0, 3_000), packBytes("a1", 3_000), "repaired copy");
        database.close();
        await store.close();
      },
    },
    {
      title: "a repository record of a newer schema is not overwritten",
      run: async () => {
        const store = await open("newer-record");
        const database = await raw("newer-record");
        await change(database, "repositories", (records) =>
          records.put({ schema: 99, name: "default", snapshot: "s9" }),
        );
        await refused("store-newer", store.configure(sampleConfig("default")), "configure");
        await refused("store-newer", store.takeEpoch("default"), "take epoch");
        await refused("store-newer", store.publish(sampleSnapshot("s1", "default", []), 1), "publish");
        await refused("store-newer", store.repositories(), "list");
        await refused("store-newer", store.collect(new Set()), "collect");
        database.close();
        await store.close();
      },
    },
    {
      title: "Git files and their directory are stored together",
      run: async () => {
        const store = await open("together");
        const files = store.gitFiles("default");
        await files.writeFile(1, sampleBytes(10, 1));
        await files.saveSuperblock("first");
        await files.writeFile(1, sampleBytes(10, 2));
        await files.unlink(1);
        await files.writeFile(2, sampleBytes(10, 3));
        // What another context finds after a crash at this point: the directory and the files of one moment.
        const other = (await open("together")).gitFiles("default");
        equal(await other.loadSuperblock(), "first", "directory");
        equalBytes(await other.readFile(1), sampleBytes(10, 1), "file of the first directory");
        equal(await other.readFile(2), undefined, "file of no directory yet");
        await files.saveSuperblock("second");
        equal(await other.readFile(1), undefined, "deleted file");
        equalBytes(await other.readFile(2), sampleBytes(10, 3), "file of the second directory");
        await store.close();
      },
    },
    {
      title: "pieces of an archive whose writer is long gone are collected, and no others",
      run: async () => {
        const names = scopeNames("/indexeddb/pieces/");
        const earlier = { ...systemClock, wall: () => systemClock.wall() - 2 * 3_600_000 };
        const old = await openIndexedDbStore(names, { clock: earlier });
        const store = await open("pieces");
        const bytes = sampleBytes(2_500_000, 1);
        await storeArchive(old, "11", bytes);
        for (const opened of [old, store]) await opened.archiveWriter().write(bytes);
        const database = await raw("pieces");
        equal(await countOf(database, "archivepieces"), 3 + 2 + 2, "pieces before");
        await store.collect(new Set());
        equal(await countOf(database, "archivepieces"), 3 + 2, "pieces afterwards");
        equalBytes(await (await store.archive("11"))?.read(0, bytes.length), bytes, "bytes of the archive");
        await store.removeArchive("11");
        equal(await countOf(database, "archivepieces"), 2, "pieces of the writer that may be alive");
        database.close();
        await Promise.all([old.close(), store.close()]);
      },
    },
    {
      title: "a piece of an archive that is gone or cut is store-lost",
      run: async () => {
        const store = await open("piece");
        const bytes = sampleBytes(2_500_000, 1);
        await storeArchive(store, "11", bytes);
        const database = await raw("piece");
        const keys = await keysOf(database, "archivepieces");
        await change(database, "archivepieces", (pieces) => pieces.delete(keys[1]!));
        const archive = (await store.archive("11"))!;
        equalBytes(await archive.read(0, 1_000), bytes.subarray(0, 1_000), "bytes that are there");
        await refused("store-lost", archive.read(1_000_000, 100_000), "a piece that is gone");
        const cut = { schema: 3, bytes: bytes.slice(0, 1_000).buffer };
        await change(database, "archivepieces", (pieces) => pieces.put(cut, keys[1]!));
        await refused("store-lost", archive.read(1_000_000, 100_000), "a piece that was cut");
        database.close();
        await store.close();
      },
    },
    {
      title: "a closed store refuses",
      run: async () => {
        const store = await open("closed");
        await store.close();
        await refused("store-failed", store.repositories(), "read after close");
      },
    },
  ];
  return cases.map((one) => ({ ...one, title: `${name}: ${one.title}` }));
}

function openRaw(factory: IDBFactory, name: string, version?: number): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, version);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => {};
  });
}

function change(database: IDBDatabase, store: string, work: (records: IDBObjectStore) => IDBRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(store, "readwrite");
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    work(transaction.objectStore(store));
  });
}

async function countOf(database: IDBDatabase, store: string): Promise<number> {
  return (await keysOf(database, store)).length;
}

function keysOf(database: IDBDatabase, store: string): Promise<IDBValidKey[]> {
  return new Promise((resolve, reject) => {
    const request = database.transaction(store).objectStore(store).getAllKeys();
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
