import { Slice, type YieldPolicy } from "../../src/core/cooperation/slice.ts";
import { defaultLimits, type Limits } from "../../src/core/git/limits.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { RepositoryConfig } from "../../src/protocol/config.ts";
import type { UpdateOrder } from "../../src/protocol/messages.ts";
import type { RepositoryStatus } from "../../src/protocol/status.ts";
import { createMemoryStore } from "../../src/store/memory.ts";
import { SnapshotReader } from "../../src/store/snapshot-reader.ts";
import type { Store } from "../../src/store/store.ts";
import { SyncEngine } from "../../src/sync/engine.ts";
import type { Credentials, GitDeadlines } from "../../src/sync/host.ts";

export interface NodeMirrorOptions {
  /** URL of the Git remote. */
  readonly remote: string;
  readonly branch?: string | null;
  readonly store?: Store;
  readonly limits?: Partial<Limits>;
  readonly deadlines?: GitDeadlines;
  readonly policy?: YieldPolicy;
  readonly credentials?: () => Promise<Credentials | null>;
  /** In place of the host's. */
  readonly fetch?: typeof fetch;
}

/** The engine on Node with a memory store, talking to a Git server directly. */
export interface NodeMirror {
  readonly engine: SyncEngine;
  readonly store: Store;
  readonly snapshots: SnapshotReader;
  /** Syncs once and says how it ended. */
  sync(order?: UpdateOrder): Promise<RepositoryStatus>;
  close(): Promise<void>;
}

export const macrotask = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const nodeSlice = (): Slice => new Slice(systemClock, macrotask, 4);

export async function openNodeMirror(options: NodeMirrorOptions): Promise<NodeMirror> {
  const store = options.store ?? createMemoryStore();
  const { credentials, fetch: request = fetch } = options;
  const engine = new SyncEngine(
    {
      store,
      fetch: (url, init) => request(url, init),
      clock: systemClock,
      macrotask,
      slice: () => new Slice(systemClock, macrotask, 4, options.policy ?? "budget"),
      limits: { ...defaultLimits, ...options.limits },
      base: "http://localhost/",
      gitDirectory: (repository) => repository,
      ...(options.deadlines !== undefined && { deadlines: options.deadlines }),
      ...(credentials !== undefined && { credentials }),
    },
    { progress: () => undefined, published: () => undefined },
  );
  const config: RepositoryConfig = {
    name: "default",
    remote: options.remote,
    gitUrl: options.remote,
    branch: options.branch ?? null,
    origins: [],
    upstream: false,
  };
  await engine.follow([config]);
  return {
    engine,
    store,
    snapshots: new SnapshotReader(store),
    sync: async (order) => {
      await engine.update("default", order);
      return (await engine.settled("default"))!;
    },
    close: async () => {
      await engine.close();
      await store.close();
    },
  };
}
