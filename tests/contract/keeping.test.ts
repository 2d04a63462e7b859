import { mkdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Clock } from "../../src/core/cooperation/clock.ts";
import { buildDemoRepository, type DemoRepository } from "../../src/demo/build.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { ArchiveHosts } from "../../src/serve/archive-hosts.ts";
import { evict, evictBeyond, evictingWriter } from "../../src/store/eviction.ts";
import { openFileStore } from "../../src/store/files.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import { type ArchiveRecord, schemaVersion } from "../../src/store/records.ts";
import type { Store } from "../../src/store/store.ts";
import { Keeper, type KeeperHost } from "../../src/sync/keeper.ts";
import { keptDownload } from "../../src/worker/kept-download.ts";
import { storeShelf } from "../../src/worker/store-shelf.ts";
import { type TestGateway, temporaryFolder, testGateway } from "../support/gateway.ts";
import { type NodeMirror, nodeSlice, openNodeMirror } from "../support/node-mirror.ts";
import { sampleConfig } from "./store-samples.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let demo: DemoRepository;
let gateway: TestGateway;

beforeAll(async () => {
  folder = await temporaryFolder();
  demo = await buildDemoRepository(folder.at("demo"));
  gateway = await testGateway({ repository: demo.gitDirectory, upstreamCaches: [demo.cacheDirectory] });
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

const stores: Readonly<Record<string, () => Promise<Store>>> = {
  memory: async () => createMemoryStore(),
  files: async () => {
    const path = folder.at(`store-${Math.random()}`);
    await mkdir(path, { recursive: true });
    return openFileStore(path, nodeSlice());
  },
};

const unreachable: typeof fetch = () => Promise.reject(new TypeError("no network"));

/** A synced mirror with a keeper that fetches from the gateway; `asked` counts what it asks it for. */
async function kept(store: Store, over: Partial<KeeperHost> & { readonly fetch?: typeof fetch } = {}) {
  const mirror = await openNodeMirror({ remote: `${gateway.page}git/${gateway.config.repositories[0]!.name}`, store });
  await mirror.sync();
  const asked: string[] = [];
  return { mirror, asked, store, keeper: keeperOf(mirror, asked, over) };
}

function keeperOf(mirror: NodeMirror, asked: string[], over: Partial<KeeperHost> & { readonly fetch?: typeof fetch }) {
  const { store, snapshots } = mirror;
  return new Keeper({
    store,
    shelf: storeShelf(store, nodeSlice, () => systemClock.wall()),
    openSnapshot: (repository) => snapshots.current(repository),
    clock: systemClock,
    slice: nodeSlice,
    parallel: 3,
    download: keptDownload({
      base: gateway.page,
      fetch: (url, init) => {
        // The demo's own addresses exist nowhere.
        if (!String(url).startsWith(gateway.page)) return unreachable(url);
        asked.push(String(url));
        return (over.fetch ?? fetch)(url, init);
      },
      store,
      clock: systemClock,
      slice: nodeSlice,
      archiveBytes: 1 << 20,
      hosts: new ArchiveHosts({ store, fetch: unreachable, clock: systemClock }),
    }),
    changed: () => undefined,
    ...over,
  });
}

describe.each(Object.entries(stores))("archives that are kept, %s", (_name, open) => {
  test("everything: fetched once each, pinned, whole; released, they may be evicted", async () => {
    const { mirror, keeper, asked, store } = await kept(await open());
    await keeper.order({ type: "keep", repository: "default", what: ["*", "not a package"] });
    await keeper.rest();
    const status = keeper.status();
    expect(status.kept).toEqual([{ repository: "default", what: ["*"] }]);
    expect(status).toMatchObject({ state: "idle", waiting: 0, failures: [], active: [] });
    expect(status.wanted).toBeGreaterThan(25);
    expect(status.stored).toBe(status.wanted);
    expect(asked).toHaveLength(status.wanted);
    const records = await store.archiveRecords();
    expect(records).toHaveLength(status.wanted);
    expect(records.every(({ pinned }) => pinned)).toBe(true);
    expect(status.pinnedBytes).toBe(records.reduce((bytes, { size }) => bytes + size, 0));

    // Another engine finds all of it stored.
    await keeper.close();
    const next = keeperOf(mirror, asked, {});
    await next.refresh();
    await next.rest();
    expect(next.status()).toMatchObject({ wanted: status.wanted, stored: status.wanted, fetched: { count: 0 } });
    expect(asked).toHaveLength(status.wanted);

    await next.order({ type: "limit", bytes: Math.floor(status.pinnedBytes / 2) });
    expect((await store.archiveRecords()).length).toBe(status.wanted);
    await next.order({ type: "release", repository: "default", what: ["*"] });
    const left = await store.archiveRecords();
    expect(left.length).toBeGreaterThan(0);
    expect(left.reduce((bytes, { size }) => bytes + size, 0)).toBeLessThanOrEqual(status.pinnedBytes / 2);
    await next.close();
    await mirror.close();
  });

  test("a damaged archive is found, removed, and fetched again when it is kept", async () => {
    const { mirror, keeper, store, asked } = await kept(await open());
    await keeper.order({ type: "keep", repository: "default", what: ["tally"] });
    await keeper.rest();
    const [good, victim] = await store.archiveRecords();
    expect(keeper.status().wanted).toBe(3);
    const { sha256 } = victim!;
    // Under its name lie other bytes.
    const writer = store.archiveWriter();
    await writer.write(new TextEncoder().encode("not what it says"));
    await writer.commit({ ...victim!, size: 16 });
    expect(await keeper.verify()).toMatchObject({ checked: 3, bad: [sha256] });
    expect(keeper.status().verify).toMatchObject({ running: false, checked: 3, total: 3, bad: [sha256] });
    await expect.poll(async () => (await store.archive(sha256))?.record.size, { timeout: 10_000 }).toBe(victim!.size);
    await keeper.rest();
    expect(asked).toHaveLength(4);
    expect((await store.archive(good!.sha256))!.record.verifiedAt).toBeGreaterThanOrEqual(good!.verifiedAt);
    await keeper.close();
    await mirror.close();
  });
});

test.each(Object.entries(stores))(
  "what comes on demand is evicted beyond the limit, and for want of room, %s",
  async (_name, open) => {
    const store = await open();
    await store.configure(sampleConfig("default"));
    const add = async (name: string, lastUse: number, pinned: boolean) => {
      const writer = evictingWriter(store);
      await writer.write(new Uint8Array(100));
      const digests = { sha256: name.repeat(64), md5: name.repeat(32), sha512: name.repeat(128) };
      const known = { schema: schemaVersion, ...digests, size: 100, type: "application/octet-stream", urls: [] };
      await writer.commit({ ...known, lastUse, pinned, verifiedAt: 0 });
    };
    const left = async () => (await store.archiveRecords()).map(({ sha256 }) => sha256[0]).sort();
    await add("a", 3, false);
    await add("b", 1, true);
    await add("c", 2, false);
    await add("d", 4, false);
    await evictBeyond(store);
    expect(await left()).toEqual(["a", "b", "c", "d"]);
    await store.saveKeeping("default", { what: [], paused: false, limitBytes: 250 });
    await evictBeyond(store);
    expect(await left()).toEqual(["b", "d"]);
    expect(await evict(store, 1000)).toBe(100);
    expect(await left()).toEqual(["b"]);
    await store.close();
  },
);

test("a writer without room evicts, and says when that made none", async () => {
  const store = createMemoryStore();
  const asked: boolean[] = [];
  const full: Store = {
    ...store,
    archiveRecords: async () => [{ sha256: "a", size: 5, lastUse: 0, pinned: asked.length > 0 } as ArchiveRecord],
    removeArchive: async () => undefined,
    archiveWriter: (makeRoom) => {
      const writer = store.archiveWriter();
      return { ...writer, size: 0, write: async () => void asked.push((await makeRoom?.(5)) === true) };
    },
  };
  const writer = evictingWriter(full);
  await writer.write(new Uint8Array(5));
  await writer.write(new Uint8Array(5));
  expect(asked).toEqual([true, false]);
});

test("pause gives up what is under way, and another keeper goes on after resume", async () => {
  const blocked: typeof fetch = (_url, init) =>
    new Promise((_resolve, reject) =>
      init!.signal!.addEventListener("abort", () => reject(new Error("aborted")), { once: true }),
    );
  const { mirror, keeper, asked } = await kept(createMemoryStore(), { fetch: blocked });
  await keeper.order({ type: "keep", repository: "default", what: ["tally", "sieve.v0.1"] });
  await expect.poll(() => asked.length).toBe(3);
  expect(keeper.status()).toMatchObject({ state: "downloading", wanted: 4, stored: 0, waiting: 1 });
  await keeper.order({ type: "pause" });
  await keeper.rest();
  expect(keeper.status()).toMatchObject({ state: "paused", waiting: 4, active: [], failures: [] });
  await keeper.close();
  const again: string[] = [];
  const next = keeperOf(mirror, again, {});
  await next.refresh();
  await next.rest();
  expect(next.status()).toMatchObject({ state: "paused", stored: 0, waiting: 4 });
  expect(again).toEqual([]);
  await next.order({ type: "resume" });
  await next.rest();
  expect(next.status()).toMatchObject({ state: "idle", stored: 4, wanted: 4 });
  await next.close();
  await mirror.close();
});

test("a wrong, a missing and an endless body are failures, grouped, and nothing of them is stored", async () => {
  const answers = [
    () => new Response("something else"),
    () => new Response(JSON.stringify({ data: { tried: ["x.example: HTTP status 410"] } }), { status: 404 }),
    () => new Response(new Uint8Array(2 << 20)),
  ];
  let turn = 0;
  const { mirror, keeper, store } = await kept(createMemoryStore(), { fetch: async () => answers[turn++ % 3]!() });
  await keeper.order({ type: "keep", repository: "default", what: ["tally"] });
  await keeper.rest();
  const { failures, stored } = keeper.status();
  expect(failures.map(({ reason }) => reason).sort()).toEqual([
    "The last source answered with HTTP status 410.",
    `The last source failed: larger than ${1 << 20} bytes.`,
    "What a source sent does not match the checksums.",
  ]);
  expect(stored).toBe(0);
  expect(await store.archiveRecords()).toEqual([]);
  await keeper.close();
  await mirror.close();
});

test("a limit below what is kept stops the queue, and a higher one lets it go on", async () => {
  const { mirror, keeper } = await kept(createMemoryStore(), { parallel: 1 });
  await keeper.order({ type: "limit", bytes: 1 });
  await keeper.order({ type: "keep", repository: "default", what: ["tally"] });
  await keeper.rest();
  expect(keeper.status()).toMatchObject({ state: "full", stored: 1, wanted: 3 });
  const unknown = keeper.order({ type: "keep", repository: "elsewhere", what: ["tally"] });
  await expect(unknown).rejects.toMatchObject({ code: "unknown-repository" });
  await keeper.order({ type: "limit", bytes: null });
  await keeper.rest();
  expect(keeper.status()).toMatchObject({ state: "idle", stored: 3 });
  await keeper.close();
  await mirror.close();
});

test("what failed is tried again after two minutes, then ten; once all is there, the waits begin anew", async () => {
  let works = false;
  const waits: number[] = [];
  let wake: () => void = () => undefined;
  const clock: Clock = {
    ...systemClock,
    sleep(ms, signal) {
      if (ms < 60_000) return systemClock.sleep(ms, signal);
      waits.push(ms);
      return new Promise((resolve, reject) => {
        wake = resolve;
        signal?.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
      });
    },
  };
  const answer: typeof fetch = (url, init) => (works ? fetch(url, init) : unreachable(url));
  const { mirror, keeper } = await kept(createMemoryStore(), { fetch: answer, clock });
  const waited = (times: number[]) => expect.poll(() => waits, { timeout: 10_000 }).toEqual(times);
  await keeper.order({ type: "keep", repository: "default", what: ["tally"] });
  await waited([120_000]);
  wake();
  await waited([120_000, 600_000]);
  works = true;
  wake();
  await expect.poll(() => keeper.status(), { timeout: 10_000 }).toMatchObject({ stored: 3, state: "idle" });
  works = false;
  await keeper.order({ type: "keep", repository: "default", what: ["sieve.v0.1"] });
  await waited([120_000, 600_000, 120_000]);
  await keeper.close();
  await mirror.close();
});
