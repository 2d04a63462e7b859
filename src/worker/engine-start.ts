import { Slice } from "../core/cooperation/slice.ts";
import { type ErrorRecord, errorRecord, MirrorError } from "../core/errors.ts";
import { defaultLimits } from "../core/git/limits.ts";
import { systemClock } from "../platform/clock.ts";
import { messageChannelMacrotask } from "../platform/macrotask.ts";
import type { RepositoryConfig } from "../protocol/config.ts";
import { type Broadcast, type LeaderMessage, protocolVersion } from "../protocol/messages.ts";
import { scopeNames } from "../protocol/names.ts";
import { openIndexedDbStore } from "../store/indexeddb.ts";
import type { Store } from "../store/store.ts";
import { SyncEngine } from "../sync/engine.ts";

const protocol = protocolVersion;
/** Orders that are known again. */
const remembered = 100;

/** An engine that runs. */
export interface StartedEngine {
  readonly engine: SyncEngine;
  readonly store: Store;
  /** Stops what runs, and lets go of the store and of the channels. */
  close(): Promise<void>;
}

export type StartEngine = typeof startEngine;

/**
 * The engine of this thread, wired to the store and to the channels of its scope. Whoever starts one holds the leader lock. From the call on
 * it answers those who watch the leader, also while the store is being opened. Throws `store-*` and `unsupported`.
 */
export async function startEngine(
  base: string,
  repositories: readonly RepositoryConfig[],
  sliceMs: number,
): Promise<StartedEngine> {
  const names = scopeNames(base);
  const leading = new BroadcastChannel(names.leaderChannel);
  leading.onmessage = ({ data }: MessageEvent<LeaderMessage>) => {
    if (data.type === "beat-wanted") leading.postMessage({ type: "beat", protocol } satisfies LeaderMessage);
  };
  const macrotask = messageChannelMacrotask();
  const slice = () => new Slice(systemClock, macrotask, sliceMs);
  const store = await openIndexedDbStore(names, { clock: systemClock, slice: slice() }).catch((thrown: unknown) => {
    leading.close();
    throw thrown;
  });
  const channel = new BroadcastChannel(names.progressChannel);
  const tell = (message: Broadcast) => channel.postMessage(message);
  const engine = new SyncEngine(
    {
      store,
      fetch: (url, init) => fetch(url, init),
      clock: systemClock,
      macrotask,
      slice,
      limits: defaultLimits,
      base,
      gitDirectory: names.gitDirectory,
    },
    {
      progress: (repository, availability) => tell({ type: "progress", protocol, repository, availability }),
      published: (repository, snapshot) => tell({ type: "published", protocol, repository, snapshot }),
    },
  );
  const following = engine.follow(repositories);
  /** Orders are said again until they are answered. */
  const taken = new Set<string>();
  channel.onmessage = ({ data }: MessageEvent<Broadcast>) => {
    if (data.protocol !== protocol) return;
    if (data.type === "update-wanted") {
      const { id, repository, order } = data;
      const isNew = !taken.has(id);
      if (taken.size >= remembered) taken.clear();
      taken.add(id);
      const answer = (error: ErrorRecord | null) => tell({ type: "update-answer", protocol, id, error });
      const unknown = errorRecord(new MirrorError("unknown-repository", { name: repository }));
      // Before that no repository is known.
      following
        .then(() => (isNew ? engine.update(repository, order) : "running"))
        .then((decided) => answer(decided === "unknown" ? unknown : null))
        .catch(() => undefined);
    }
    if (data.type === "progress-wanted") engine.announce();
  };
  const close = async () => {
    leading.close();
    await engine.close();
    channel.close();
    await store.close();
  };
  try {
    await following;
  } catch (thrown) {
    await close();
    throw thrown;
  }
  // What the engine before this one said last may have been that it was in the middle of a sync.
  engine.announce();
  return { engine, store, close };
}
