import "fake-indexeddb/auto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { scopeNames } from "../../src/protocol/names.ts";
import { createHandler } from "../../src/serve/handler.ts";
import { openIndexedDbStore } from "../../src/store/indexeddb.ts";
import { SnapshotReader } from "../../src/store/snapshot-reader.ts";
import { git } from "../fixtures/git-command.ts";
import { catFileBatch, lsTree } from "../fixtures/git-oracle.ts";
import { type MovingRemote, movingRemote } from "../support/moving-remote.ts";
import { type NodeMirror, nodeSlice, openNodeMirror } from "../support/node-mirror.ts";
import { changeRecords } from "../support/raw-database.ts";

// Stored data changes behind the store's back. Nothing wrong is ever answered, a damage that was met is on record, and the next sync
// puts it right, also when the remote has nothing new.

let remote: MovingRemote;
let opened = 0;

beforeAll(async () => {
  remote = await movingRemote({ versions: 60, commits: 4, seed: "damage" });
});

afterAll(() => remote[Symbol.asyncDispose]());

type Value = Record<string, unknown>;

async function flipped(blob: unknown, at: (size: number) => number): Promise<Blob> {
  const bytes = new Uint8Array(await (blob as Blob).arrayBuffer());
  bytes[at(bytes.length)]! ^= 0x10;
  return new Blob([bytes]);
}

interface Damage {
  readonly title: string;
  readonly store: string;
  /** The record as it is found afterwards; undefined when it is gone. */
  readonly change: (record: Value) => Promise<Value | undefined>;
  /** Whether a request can meet it; if not, answers go on being right. */
  readonly met?: false;
}

const damages: readonly Damage[] = [
  ...[0.1, 0.3, 0.5, 0.7, 0.9].map(
    (share): Damage => ({
      title: `a bit of a pack, at ${share}`,
      store: "packs",
      change: async (record) => ({ ...record, pack: await flipped(record.pack, (size) => Math.floor(size * share)) }),
    }),
  ),
  {
    title: "all of a pack",
    store: "packs",
    change: async (record) => ({ ...record, pack: new Blob([new Uint8Array((record.pack as Blob).size)]) }),
  },
  {
    title: "the end of a pack",
    store: "packs",
    change: async (record) => ({ ...record, pack: (record.pack as Blob).slice(0, (record.pack as Blob).size >> 1) }),
  },
  { title: "a pack record", store: "packs", change: async (record) => ({ ...record, pack: "gone" }) },
  { title: "a pack, deleted", store: "packs", change: async () => undefined },
  {
    title: "a bit of an idx",
    store: "packs",
    change: async (record) => ({ ...record, idx: await flipped(record.idx, (size) => size - 60) }),
    met: false,
  },
  { title: "an idx", store: "packs", change: async (record) => ({ ...record, idx: new Blob([]) }), met: false },
  { title: "a snapshot record, deleted", store: "snapshots", change: async () => undefined },
  { title: "a snapshot record's fields", store: "snapshots", change: async (record) => ({ ...record, versions: 1 }) },
  { title: "a snapshot record's schema", store: "snapshots", change: async ({ schema: _, ...record }) => record },
  {
    title: "a bit of a manifest",
    store: "snapshots",
    change: async (record) => {
      const manifest = (record.manifest as ArrayBuffer).slice(0);
      new Uint8Array(manifest)[manifest.byteLength >> 1]! ^= 1;
      return { ...record, manifest };
    },
  },
];

interface Damaged {
  readonly mirror: NodeMirror;
  readonly database: string;
  /** Names of the repositories for which a sync was asked. */
  readonly wishes: string[];
  ask(path: string): Promise<Response>;
  /** A service worker that was started again, and knows nothing. */
  restart(): Promise<void>;
}

async function synced(): Promise<Damaged> {
  const names = scopeNames(`/damage/${opened++}/`);
  const store = await openIndexedDbStore(names, { clock: systemClock });
  await remote.follow(remote.source.commits[0]!);
  const mirror = await openNodeMirror({ remote: remote.url, store });
  expect((await mirror.sync()).lastSync?.error).toBeNull();
  const wishes: string[] = [];
  const start = async () => {
    const snapshots = new SnapshotReader(store);
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
      startUpdate: async (repository) => void wishes.push(repository),
      engineStatus: async () => null,
      deadlines: { metadata: 300, tarball: 300 },
    });
    await handler.refresh();
    return handler;
  };
  let handler = await start();
  return {
    mirror,
    database: names.database,
    wishes,
    ask: (path) => handler(new Request(`http://mirror.example/opam/default/${path}`)),
    restart: async () => {
      handler = await start();
    },
  };
}

const packageFiles = async (commit: string) =>
  new Map(
    [...(await lsTree(remote.gitDir, commit))].flatMap(([path, { oid }]) =>
      path.startsWith("packages/") ? ([[path, oid]] as const) : [],
    ),
  );

async function contents(oids: Iterable<string>): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { oid, bytes } of catFileBatch(remote.gitDir, new Set(oids)))
    found.set(oid, bytes.toString("latin1"));
  return found;
}

/** Asks for every package file. Right bytes or 503; returns how many were 503. */
async function askForAll(damaged: Damaged, commit: string): Promise<number> {
  const files = await packageFiles(commit);
  const blobs = await contents(files.values());
  let refused = 0;
  for (const [path, oid] of files) {
    const response = await damaged.ask(path);
    const text = Buffer.from(await response.arrayBuffer()).toString("latin1");
    if (response.status === 503) {
      expect(JSON.parse(text)).toMatchObject({ code: "store-lost" });
      expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
      refused++;
    } else {
      expect(response.status, `${path}: ${text}`).toBe(200);
      expect(text, path).toBe(blobs.get(oid));
    }
  }
  return refused;
}

describe.each(damages)("$title", ({ store, change, met }) => {
  it("is answered by 503, marked, and put right by a sync that has nothing new to fetch", async () => {
    const damaged = await synced();
    const { mirror } = damaged;
    const before = (await mirror.store.repository("default"))!;
    await changeRecords(damaged.database, store, change);
    await damaged.restart();
    const refused = await askForAll(damaged, remote.source.commits[0]!);
    const marked = (await mirror.store.repository("default"))!;
    if (met === false) expect([refused, damaged.wishes]).toEqual([0, []]);
    else {
      expect(refused).toBeGreaterThan(0);
      expect(damaged.wishes).toContain("default");
      expect(marked.damage).toMatchObject({ snapshot: before.snapshot, reason: expect.any(String) });
    }
    const { lastSync } = await mirror.sync();
    expect(lastSync?.error).toBeNull();
    // Without the record of what was served there is nothing to compare with.
    if (store === "packs") expect(lastSync?.changedFiles).toBe(0);
    if (met !== false) {
      await damaged.restart();
      expect((await mirror.store.repository("default"))!.damage).toBeUndefined();
    }
    expect(await askForAll(damaged, remote.source.commits[0]!)).toBe(0);
    await mirror.close();
  });

  it("does not keep an update from succeeding", async () => {
    const damaged = await synced();
    await changeRecords(damaged.database, store, change);
    await remote.follow(remote.source.commits[2]!);
    const { lastSync } = await damaged.mirror.sync();
    expect(lastSync?.error).toBeNull();
    await damaged.restart();
    // What the update did not need may be damaged still: found by a request, and put right.
    const refused = await askForAll(damaged, remote.source.commits[2]!);
    if (refused > 0) expect((await damaged.mirror.sync()).lastSync?.error).toBeNull();
    await damaged.restart();
    expect(await askForAll(damaged, remote.source.commits[2]!)).toBe(0);
    await damaged.mirror.close();
  });
});

describe("a snapshot record that nobody has asked for", () => {
  it("is put right by a poll, also of an engine that has it in memory", async () => {
    const damaged = await synced();
    await changeRecords(damaged.database, "snapshots", async (record) => ({ ...record, versions: 1 }));
    expect((await damaged.mirror.sync()).lastSync?.error).toBeNull();
    await damaged.restart();
    expect(await askForAll(damaged, remote.source.commits[0]!)).toBe(0);
    await damaged.mirror.close();
  });
});

describe("marks", () => {
  it("that prove wrong are removed, and cost no second fetch", async () => {
    const { mirror } = await synced();
    const { snapshot } = (await mirror.store.repository("default"))!;
    await mirror.store.saveDamage("default", snapshot!, "somebody was mistaken");
    remote.server.set(null);
    expect((await mirror.sync()).lastSync?.error).toBeNull();
    expect(remote.server.requests.every(({ where }) => where !== "fetch")).toBe(true);
    expect(await mirror.store.repository("default")).toMatchObject({ snapshot });
    expect((await mirror.store.repository("default"))!.damage).toBeUndefined();
    await mirror.close();
  });

  it("stay while the remote cannot be reached, and what is sound is served", async () => {
    const damaged = await synced();
    await changeRecords(damaged.database, "packs", damages[2]!.change);
    await damaged.restart();
    const refused = await askForAll(damaged, remote.source.commits[0]!);
    const pointer = (await damaged.mirror.store.repository("default"))!;
    await git(["-C", remote.gitDir, "update-ref", "-d", "refs/heads/master"]);
    expect((await damaged.mirror.sync()).lastSync?.error).not.toBeNull();
    const after = (await damaged.mirror.store.repository("default"))!;
    expect([after.snapshot, after.damage]).toEqual([pointer.snapshot, pointer.damage]);
    expect(await askForAll(damaged, remote.source.commits[0]!)).toBe(refused);
    await damaged.mirror.close();
  });
});

describe("an emptied database", () => {
  const stores = ["repositories", "snapshots", "packs", "tarballs", "gitfiles"];

  it("is answered by 503 and cloned again", async () => {
    const damaged = await synced();
    for (const store of stores) await changeRecords(damaged.database, store, async () => undefined);
    await damaged.restart();
    const path = [...(await packageFiles(remote.source.commits[0]!)).keys()][0]!;
    for (const asked of [path, "repo", "index.tar.gz"]) expect((await damaged.ask(asked)).status, asked).toBe(503);
    expect(damaged.wishes).toContain("default");
    const status = await damaged.mirror.sync();
    expect(status).toMatchObject({ state: "ready", commit: remote.source.commits[0], lastSync: { error: null } });
    await damaged.restart();
    expect(await askForAll(damaged, remote.source.commits[0]!)).toBe(0);
    await damaged.mirror.close();
  });

  it.each([0, 1, 3, 6, 10, 15, 25, 40])("in the middle of a sync, after %d ms, is cloned again", async (ms) => {
    const damaged = await synced();
    await remote.follow(remote.source.commits[2]!);
    const syncing = damaged.mirror.sync();
    await new Promise((resolve) => setTimeout(resolve, ms));
    for (const store of stores) await changeRecords(damaged.database, store, async () => undefined);
    const first = await syncing;
    // Emptied after the last look at it, it is found empty by the next sync.
    if ((await damaged.mirror.store.repository("default"))?.snapshot == null) await damaged.mirror.sync();
    expect(first.lastSync?.error).toBeNull();
    await damaged.restart();
    expect(await askForAll(damaged, remote.source.commits[2]!)).toBe(0);
    await damaged.mirror.close();
  });
});
