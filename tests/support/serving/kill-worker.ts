import "../../../src/platform/node-globals.ts";
import type { Clock } from "../../../src/core/cooperation/clock.ts";
import { Slice } from "../../../src/core/cooperation/slice.ts";
import { defaultLimits } from "../../../src/core/git/limits.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { messageChannelMacrotask } from "../../../src/platform/macrotask.ts";
import type { MirrorConfig } from "../../../src/protocol/config.ts";
import { type Broadcast, protocolVersion } from "../../../src/protocol/messages.ts";
import { scopeNames } from "../../../src/protocol/names.ts";
import { openIndexedDbStore } from "../../../src/store/indexeddb.ts";
import { SnapshotReader } from "../../../src/store/snapshot-reader.ts";
import type { Store } from "../../../src/store/store.ts";
import { SyncEngine } from "../../../src/sync/engine.ts";
import type { KillCall, KillReply, KillWorker, Stop, StoredNames, SyncReport } from "./kill-steps.ts";
import { StoppedStore } from "./stopped-store.ts";

// The product's engine and store in a dedicated worker that can be told to stop at a step.

interface WorkerScope {
  postMessage(message: KillReply): void;
  onmessage: ((event: MessageEvent<KillCall>) => void) | null;
}

const scope = globalThis as unknown as WorkerScope;
const macrotask = messageChannelMacrotask();
const slice = () => new Slice(systemClock, macrotask, 4);
/** Longer than every deadline below but that of a whole transfer, and what readers are given to let go of a snapshot. */
const longestOther = 25_000;
const retention = 30_000;

let base = "";
let store: Store;

/** Time goes by as usual, except that readers have let go when the test says so. */
function steeredClock(released: Promise<void>): Clock {
  return {
    ...systemClock,
    sleep: (ms, signal) =>
      ms > longestOther && ms <= retention
        ? released.then(() => signal?.throwIfAborted())
        : systemClock.sleep(ms, signal),
  };
}

async function sync(stop: Stop | null): Promise<SyncReport> {
  const stopped = new StoppedStore(store, stop, (reached) => scope.postMessage({ reached }));
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const announcing = new BroadcastChannel(scopeNames(base).progressChannel);
  let published = (await store.repository("default"))?.snapshot == null ? -1 : 0;
  const engine = new SyncEngine(
    {
      store: stopped.store,
      fetch: (url, init) => fetch(url, init),
      clock: steeredClock(released),
      macrotask,
      slice,
      limits: defaultLimits,
      base,
      gitDirectory: scopeNames(base).gitDirectory,
      deadlines: { idle: 20_000, total: 600_000, discovery: 15_000, retries: [400, 1200] },
    },
    {
      progress: () => undefined,
      published: (repository, snapshot) => {
        published++;
        announcing.postMessage({
          type: "published",
          protocol: protocolVersion,
          repository,
          snapshot,
        } satisfies Broadcast);
      },
    },
  );
  const config = (await (await fetch(new URL("gateway/config.json", base))).json()) as MirrorConfig;
  await engine.follow(config.repositories);
  stopped.phase = "sync";
  await engine.update("default");
  const status = await engine.settled("default");
  stopped.phase = "compaction";
  await engine.rest("default");
  stopped.phase = "letting go";
  release();
  // Each snapshot that was replaced is collected by itself.
  const collected = () => stopped.steps.filter((step) => step.startsWith("letting go: collect")).length;
  for (let waits = 0; collected() < published && waits < 200; waits++) await systemClock.sleep(20);
  await systemClock.sleep(20);
  // The last step may take its time until it is held.
  if (stopped.holding) await new Promise<never>(() => undefined);
  await engine.close();
  announcing.close();
  const error = status?.lastSync?.error ?? null;
  return { error: error && `${error.code}: ${error.message}`, steps: stopped.steps };
}

const worker: KillWorker = {
  async open(url) {
    base = url;
    store = await openIndexedDbStore(scopeNames(base), { clock: systemClock, slice: slice() });
    const snapshot = await new SnapshotReader(store).current("default");
    if (snapshot === null) return null;
    if ((await snapshot.read("repo")) === undefined) throw new Error("the snapshot has no repo file");
    return snapshot.record.commit;
  },

  sync,

  async addOrphan() {
    const writer = store.packWriter();
    await writer.write(crypto.getRandomValues(new Uint8Array(4096)));
    await writer.commit("0".repeat(40), new Uint8Array(100));
  },

  async names(): Promise<StoredNames> {
    const database = await rawDatabase();
    const keys = async (name: string) =>
      (await settled(database.transaction(name).objectStore(name).getAllKeys())) as string[];
    const [snapshots, packs, tarballs, archiveIndexes] = await Promise.all(
      ["snapshots", "packs", "tarballs", "archiveindexes"].map(keys),
    );
    database.close();
    const repository = await store.repository("default");
    const pointer = repository?.snapshot ?? null;
    const record = pointer === null ? undefined : await store.snapshot(pointer);
    const named = record === undefined ? null : { packs: [...record.packs].sort(), tree: record.tree };
    return {
      pointer,
      commit: record?.commit ?? null,
      lastError: repository?.lastSync?.error?.code ?? null,
      snapshots: snapshots ?? [],
      packs: packs ?? [],
      tarballs: tarballs ?? [],
      archiveIndexes: archiveIndexes ?? [],
      named,
    };
  },

  async empty() {
    const database = await rawDatabase();
    const names = [...database.objectStoreNames];
    const transaction = database.transaction(names, "readwrite");
    for (const name of names) transaction.objectStore(name).clear();
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = reject;
    });
    database.close();
  },
};

function rawDatabase(): Promise<IDBDatabase> {
  return settled(indexedDB.open(scopeNames(base).database));
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

scope.onmessage = ({ data: { id, method, args } }) => {
  const called = (worker[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args);
  called.then(
    (value) => scope.postMessage({ id, value }),
    (thrown: unknown) => scope.postMessage({ id, error: String(thrown) }),
  );
};
