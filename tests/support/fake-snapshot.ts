import { createHash } from "node:crypto";
import type { Clock } from "../../src/core/cooperation/clock.ts";
import { Slice } from "../../src/core/cooperation/slice.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { messageChannelMacrotask } from "../../src/platform/macrotask.ts";
import type { RepositoryConfig } from "../../src/protocol/config.ts";
import { createHandler, type Handler } from "../../src/serve/handler.ts";
import type { HandlerDeps } from "../../src/serve/ports.ts";
import { memoryArchives } from "../../src/store/memory-archives.ts";
import { type MemoryArchive, MemoryContents } from "../../src/store/memory-contents.ts";
import {
  type RepositoryRecord,
  type SnapshotRecord,
  schemaVersion,
  type TarballRecord,
} from "../../src/store/records.ts";
import type { Snapshot } from "../../src/store/snapshot-reader.ts";
import type { Store } from "../../src/store/store.ts";

export const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
export const sha = (algorithm: string, bytes: Uint8Array | string): string =>
  createHash(algorithm).update(bytes).digest("hex");
export const blobOid = (bytes: Uint8Array): string =>
  sha("sha1", Buffer.concat([encode(`blob ${bytes.length}\0`), bytes]));

const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** A snapshot of `files`, and how often its blobs were read. */
export interface FakeSnapshot extends Snapshot {
  reads: number;
  /** Thrown by the next reads. */
  failure: Error | null;
}

export function fakeSnapshot(
  files: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>,
  overrides: Partial<SnapshotRecord> = {},
): FakeSnapshot {
  const table = new Map(
    Object.entries(files).map(([path, content]) => [path, typeof content === "string" ? encode(content) : content]),
  );
  const sorted = [...table.keys()].sort(byBytes);
  const record: SnapshotRecord = {
    schema: schemaVersion,
    id: "default-1",
    repository: "default",
    commit: "97014be61691efb695da5de8e860cba5d74fa1f5",
    tree: "a".repeat(40),
    branch: "master",
    committedAt: 1_700_000_000,
    packs: [],
    manifest: new ArrayBuffer(0),
    packages: 2,
    versions: 3,
    parseErrors: [],
    redirect: null,
    updates: [],
    digest: "",
    ...overrides,
  };
  const snapshot: FakeSnapshot = {
    record,
    reads: 0,
    failure: null,
    oid: (path) => {
      const bytes = table.get(path);
      return bytes && blobOid(bytes);
    },
    async read(path) {
      const bytes = table.get(path);
      if (bytes === undefined) return undefined;
      snapshot.reads++;
      if (snapshot.failure) throw snapshot.failure;
      return { oid: blobOid(bytes), bytes };
    },
    paths: () => sorted,
    async visit(prefix, slice, visitor) {
      for (const [rank, path] of sorted.entries()) {
        if (!path.startsWith(prefix)) continue;
        if (slice.due()) await slice.pause();
        const file = await snapshot.read(path);
        if (file) await visitor(path, file.bytes, rank);
      }
    },
  };
  return snapshot;
}

/** The part of a store that the handler uses, in maps that tests may look into. */
export interface FakeStore extends Store {
  readonly repositoryRecords: Map<string, RepositoryRecord>;
  readonly tarballs: Map<string, TarballRecord>;
  readonly archives: Map<string, MemoryArchive>;
}

export const defaultConfig: RepositoryConfig = {
  name: "default",
  remote: "https://example.org/repository.git",
  gitUrl: "git/default",
  branch: null,
  origins: ["https://opam.example.org/"],
  upstream: false,
};

export function fakeStore(
  configs: readonly RepositoryConfig[] = [defaultConfig],
  pointer: string | null = null,
): FakeStore {
  const repositoryRecords = new Map<string, RepositoryRecord>(
    configs.map((config) => [
      config.name,
      { schema: schemaVersion, name: config.name, config, snapshot: pointer, epoch: 0, lastSync: null, branch: null },
    ]),
  );
  const tarballs = new Map<string, TarballRecord>();
  const contents = new MemoryContents();
  const unused = () => {
    throw new Error("not part of the fake");
  };
  return {
    kind: "memory",
    repositoryRecords,
    tarballs,
    archives: contents.archives,
    repositories: async () => [...repositoryRecords.values()],
    repository: async (name) => repositoryRecords.get(name),
    tarball: async (id) => tarballs.get(id),
    saveTarball: async (record) => void tarballs.set(record.snapshot, record),
    archiveIndex: async () => undefined,
    ...memoryArchives(contents, undefined),
    note: async (key: string) => contents.notes.get(key),
    saveNote: async (key: string, value: unknown) => void contents.notes.set(key, value),
    usage: async () => ({ usageBytes: 1, quotaBytes: 2, persisted: false }),
    close: async () => {},
    configure: unused,
    takeEpoch: unused,
    saveLastSync: unused,
    saveDamage: unused,
    saveKeeping: unused,
    snapshot: unused,
    publish: unused,
    packWriter: unused,
    pack: unused,
    saveArchiveIndex: unused,
    collect: unused,
    gitFiles: unused,
  } as FakeStore;
}

const macrotask = messageChannelMacrotask();
export const testSlice = (clock: Clock = systemClock): Slice => new Slice(clock, macrotask, 2);

/** A handler on fakes; what a test does not give is absent or empty. */
export function fakeHandler(given: Partial<HandlerDeps> & { readonly snapshot?: Snapshot | null }): {
  readonly handler: Handler;
  readonly store: FakeStore;
  readonly updates: string[];
  get(path: string, init?: RequestInit): Promise<Response>;
} {
  const { snapshot = null, ...deps } = given;
  const store = (deps.store as FakeStore | undefined) ?? fakeStore([defaultConfig], snapshot?.record.id ?? null);
  const updates: string[] = [];
  const base = deps.base ?? "http://mirror.example/demo/";
  const handler = createHandler({
    base,
    openSnapshot: async (name) => (name === "default" ? snapshot : null),
    clock: systemClock,
    slice: () => testSlice(),
    version: "0.1.0",
    host: "service-worker",
    live: null,
    upstream: null,
    archives: null,
    startUpdate: async (name) => void updates.push(name),
    engineStatus: async () => null,
    ...deps,
    store,
  });
  return { handler, store, updates, get: (path, init) => handler(new Request(new URL(path, base), init)) };
}
