import "fake-indexeddb/auto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MirrorError } from "../../src/core/errors.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { scopeNames } from "../../src/protocol/names.ts";
import { createHandler, type Handler } from "../../src/serve/handler.ts";
import { openIndexedDbStore } from "../../src/store/indexeddb.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import { SnapshotReader } from "../../src/store/snapshot-reader.ts";
import type { Store } from "../../src/store/store.ts";
import { catFileBatch, lsTree } from "../fixtures/git-oracle.ts";
import { type MovingRemote, movingRemote } from "../support/moving-remote.ts";
import { type NodeMirror, nodeSlice, openNodeMirror } from "../support/node-mirror.ts";
import { raceRepeats } from "../support/races.ts";

// Commits far enough apart that each update makes a compaction due.
const step = 16;

let remote: MovingRemote;
let opened = 0;

const commits = () => remote.source.commits.filter((_, i) => i % step === 0);

beforeAll(async () => {
  remote = await movingRemote({ versions: 300, commits: 1 + 3 * step, seed: "compaction" });
});

afterAll(() => remote[Symbol.asyncDispose]());

const stores: readonly (readonly [string, () => Promise<Store>])[] = [
  ["memory", async () => createMemoryStore()],
  ["fake-indexeddb", () => openIndexedDbStore(scopeNames(`/compaction/${opened++}/`), { clock: systemClock })],
];

const record = async (mirror: NodeMirror) => (await new SnapshotReader(mirror.store).current("default"))!.record;

async function handlerOn(store: Store, snapshots: SnapshotReader): Promise<Handler> {
  const handler = createHandler({
    base: "http://mirror.example/",
    store,
    openSnapshot: (repository) => snapshots.current(repository),
    clock: systemClock,
    slice: nodeSlice,
    version: "0",
    host: "service-worker",
    live: null,
    upstream: null,
    archives: null,
    startUpdate: () => Promise.reject(new Error("nothing was lost")),
    engineStatus: async () => null,
  });
  await handler.refresh();
  return handler;
}

describe.each(stores)("compaction on %s", (_name, openStore) => {
  it("goes on below requests that each are answered wholly from one commit, although old packs go at once", async () => {
    const store = await openStore();
    // As a tab does that knows of no readers: nothing that was replaced is spared.
    const harsh: Store = { ...store, collect: () => store.collect(new Set()) };
    const [first, ...later] = commits();
    await remote.follow(first!);
    const mirror = await openNodeMirror({ remote: remote.url, store: harsh });
    await mirror.sync();
    const blobs = new Map<string, string>();
    const oids = new Map<string, Set<string>>();
    for (const commit of commits()) {
      const files = [...(await lsTree(remote.gitDir, commit))].filter(([path]) => path.startsWith("packages/"));
      for (const [path, { oid }] of files) oids.set(path, (oids.get(path) ?? new Set()).add(oid));
    }
    for await (const { oid, bytes } of catFileBatch(
      remote.gitDir,
      new Set([...oids.values()].flatMap((set) => [...set])),
    ))
      blobs.set(oid, bytes.toString("latin1"));
    const snapshots = new SnapshotReader(harsh, { windowBytes: 0, trustMs: 20 });
    const handler = await handlerOn(harsh, snapshots);
    const inAll = [...(await lsTree(remote.gitDir, commits()[0]!)).keys()].filter((path) =>
      path.startsWith("packages/"),
    );
    let asking = true;
    let answers = 0;
    const ask = async (from: number) => {
      for (let i = from; asking; i += 7) {
        const path = inAll[i % inAll.length]!;
        const response = await handler(new Request(`http://mirror.example/opam/default/${path}`));
        const text = Buffer.from(await response.arrayBuffer()).toString("latin1");
        // Deleted by a later commit: 404 is then the right answer of that commit, and the last one.
        if (response.status === 404) continue;
        expect(response.status, `${path}: ${text.slice(0, 300)}`).toBe(200);
        const oid = response.headers.get("etag")!.slice(1, -1);
        expect(oids.get(path), path).toContain(oid);
        expect(text, path).toBe(blobs.get(oid));
        answers++;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    const asked = [0, 3, 5].map(ask);
    const packs: number[] = [];
    for (const commit of later) {
      await remote.follow(commit);
      expect((await mirror.sync()).lastSync?.error).toBeNull();
      await mirror.engine.rest("default");
      expect((await record(mirror)).commit).toBe(commit);
      packs.push((await record(mirror)).packs.length);
    }
    asking = false;
    await Promise.all(asked);
    expect(packs).toContain(1);
    expect(answers).toBeGreaterThan(100);
    await mirror.close();
  });

  it("answers from the new snapshot who opened the old one and had not read it yet", async () => {
    const [first, second] = commits();
    await remote.follow(first!);
    const mirror = await openNodeMirror({ remote: remote.url, store: await openStore() });
    await mirror.sync();
    await remote.follow(second!);
    await mirror.sync();
    const snapshots = new SnapshotReader(mirror.store, { windowBytes: 0, trustMs: 60_000 });
    const handler = await handlerOn(mirror.store, snapshots);
    const old = (await snapshots.current("default"))!;
    await mirror.engine.rest("default");
    await mirror.store.collect(new Set());
    const path = [...old.paths()].find((one) => one.endsWith("/opam"))!;
    const expected = old.oid(path);
    const response = await handler(new Request(`http://mirror.example/opam/default/${path}`));
    expect([response.status, response.headers.get("etag")]).toEqual([200, `"${expected}"`]);
    expect((await snapshots.current("default"))!.record.packs.length).toBe(1);
    await mirror.close();
  });

  it("keeps index.tar.gz byte for byte, and what it leaves behind is collected", async () => {
    const [first, second] = commits();
    await remote.follow(first!);
    const mirror = await openNodeMirror({ remote: remote.url, store: await openStore() });
    await mirror.sync();
    await remote.follow(second!);
    await mirror.sync();
    const before = await record(mirror);
    const tarball = (await mirror.store.tarball(before.id))!;
    await mirror.engine.rest("default");
    const after = await record(mirror);
    expect([before.packs.length, after.packs.length]).toEqual([2, 1]);
    expect(after).toMatchObject({ commit: before.commit, tree: before.tree, versions: before.versions });
    const carried = (await mirror.store.tarball(after.id))!;
    expect(carried.sha256).toBe(tarball.sha256);
    expect(Buffer.compare(await bytesOf(carried.bytes), await bytesOf(tarball.bytes))).toBe(0);
    // Who opened the old snapshot still reads it.
    expect(await mirror.store.snapshot(before.id)).toBeDefined();
    expect(await mirror.store.collect(new Set())).toEqual({ snapshots: 2, packs: 2, tarballs: 2 });
    expect(await mirror.store.collect(new Set())).toEqual({ snapshots: 0, packs: 0, tarballs: 0 });
    await mirror.close();
  });

  it("makes way for a sync at once, whenever that comes", async () => {
    const [first, second, third] = commits();
    for (let pauses = 0; pauses < 60; pauses += 9) {
      await remote.follow(first!);
      const mirror = await openNodeMirror({ remote: remote.url, store: await openStore() });
      await mirror.sync();
      await remote.follow(second!);
      await mirror.sync();
      await remote.follow(third!);
      for (let i = 0; i < pauses; i++) await new Promise((resolve) => setImmediate(resolve));
      expect((await mirror.sync()).lastSync?.error).toBeNull();
      expect((await record(mirror)).commit).toBe(third);
      await mirror.engine.rest("default");
      expect((await record(mirror)).packs.length).toBe(1);
      await mirror.store.collect(new Set());
      expect(await mirror.store.collect(new Set())).toEqual({ snapshots: 0, packs: 0, tarballs: 0 });
      await mirror.close();
    }
  });

  it("says that there was no room, leaves everything as it was, and tries again after the next sync", async () => {
    const [first, second] = commits();
    await remote.follow(first!);
    const store = await openStore();
    let full = false;
    const tight: Store = {
      ...store,
      packWriter: () => {
        const writer = store.packWriter();
        const commit = (key: string, idx: Uint8Array) =>
          full ? Promise.reject(new MirrorError("store-quota", { needed: 5_000_000 })) : writer.commit(key, idx);
        return { ...writer, commit };
      },
    };
    const mirror = await openNodeMirror({ remote: remote.url, store: tight });
    await mirror.sync();
    await remote.follow(second!);
    await mirror.sync();
    full = true;
    const before = await record(mirror);
    await mirror.engine.rest("default");
    expect(await record(mirror)).toEqual(before);
    const { lastSync, state } = (await mirror.engine.status()).repositories[0]!;
    expect({ state, lastSync }).toMatchObject({
      state: "ready",
      lastSync: { error: null, compaction: { code: "store-quota", data: { needed: 5_000_000 } } },
    });
    expect((await store.repository("default"))?.lastSync).toEqual(lastSync);
    // The next one finds nothing new, and no room yet.
    expect((await mirror.sync()).lastSync?.error).toBeNull();
    await mirror.engine.rest("default");
    expect((await record(mirror)).id).toBe(before.id);
    expect((await store.repository("default"))?.lastSync?.compaction?.code).toBe("store-quota");
    full = false;
    await mirror.sync();
    await mirror.engine.rest("default");
    expect((await record(mirror)).packs.length).toBe(1);
    expect((await store.repository("default"))?.lastSync?.compaction).toBeUndefined();
    await store.collect(new Set());
    expect(await store.collect(new Set())).toEqual({ snapshots: 0, packs: 0, tarballs: 0 });
    await mirror.close();
  });

  it("publishes nothing when another engine has taken over", { repeats: raceRepeats }, async () => {
    const [first, second] = commits();
    await remote.follow(first!);
    const mirror = await openNodeMirror({ remote: remote.url, store: await openStore() });
    await mirror.sync();
    const oldest = await record(mirror);
    await remote.follow(second!);
    await mirror.sync();
    const before = await record(mirror);
    await mirror.store.takeEpoch("default");
    await mirror.engine.rest("default");
    expect((await record(mirror)).id).toBe(before.id);
    // Pack and tarball of the snapshot that it could not publish are left to the other engine: from here its packs would look the same.
    const collected = await mirror.store.collect(new Set([before.id, oldest.id]));
    expect(collected).toEqual({ snapshots: 0, packs: 1, tarballs: 1 });
    await mirror.close();
  });
});

const bytesOf = async (blob: Blob) => Buffer.from(await blob.arrayBuffer());
