import { Slice } from "../src/core/cooperation/slice.ts";
import { defaultLimits } from "../src/core/git/limits.ts";
import { systemClock } from "../src/platform/clock.ts";
import { messageChannelMacrotask } from "../src/platform/macrotask.ts";
import type { Broadcast, UpdateOrder } from "../src/protocol/messages.ts";
import type { ScopeNames } from "../src/protocol/names.ts";
import { ArchiveCatalog } from "../src/serve/archive-catalog.ts";
import { ArchiveIndexes } from "../src/serve/archive-indexes.ts";
import { GatewayUpstream } from "../src/serve/gateway-upstream.ts";
import { createHandler, type Handler } from "../src/serve/handler.ts";
import { ServedArchives } from "../src/serve/served-archives.ts";
import { evict, evictBeyond } from "../src/store/eviction.ts";
import { openIndexedDbStore } from "../src/store/indexeddb.ts";
import { SnapshotReader } from "../src/store/snapshot-reader.ts";
import type { Store } from "../src/store/store.ts";
import { EngineLink } from "./engine-link.ts";
import { lazyStore } from "./lazy-store.ts";

declare const __PACKAGE_VERSION__: string;

export interface Serving {
  readonly store: Store;
  readonly handler: Handler;
  readonly link: EngineLink;
  readonly channel: BroadcastChannel;
}

/** The request handler, wired to this service worker. Nothing is opened before the first request. */
export function openServing(
  scope: ServiceWorkerGlobalScope,
  names: ScopeNames,
  sliceMs: number,
  update: (repository: string, order?: UpdateOrder) => void,
): Serving {
  const base = scope.registration.scope;
  const macrotask = messageChannelMacrotask();
  const slice = () => new Slice(systemClock, macrotask, sliceMs);
  const store = lazyStore(() => openIndexedDbStore(names, { clock: systemClock, slice: slice() }));
  /** The pointer is read four times a second at most; the engine says when it has moved. */
  const snapshots = new SnapshotReader(store, { trustMs: 250 });
  const openSnapshot = (repository: string) => snapshots.current(repository);
  const indexes = new ArchiveIndexes(store);
  const catalog = new ArchiveCatalog({ store, indexes, openSnapshot, slice });
  const link = new EngineLink(scope.clients);
  const handler = createHandler({
    base,
    store,
    openSnapshot,
    clock: systemClock,
    slice,
    version: __PACKAGE_VERSION__,
    host: "service-worker",
    live: link,
    upstream: new GatewayUpstream(base, fetch),
    catalog,
    indexes,
    archives: new ServedArchives({
      base,
      store,
      catalog,
      makeRoom: async (bytes) => (await evict(store, bytes)) > 0,
      fetch: (url, init) => fetch(url, init),
      clock: systemClock,
      slice,
      archiveBytes: defaultLimits.archiveBytes,
      reuseChunks: true,
      isStrict: async (name) => (await store.repository(name))?.config.strictChecksums === true,
      kept: () => void evictBeyond(store).catch(() => undefined),
    }),
    startUpdate: async (repository, order) => update(repository, order),
    engineStatus: () => link.status(),
    // Fails as it would have failed without us.
    passThrough: (request) => fetch(request).catch(() => Response.error()),
    onAnswered: (ms) => link.answered(ms),
    // In Chromium only, which has this property: elsewhere it is no gain.
    pipesSmallBodies: "userAgentData" in navigator,
  });
  const channel = new BroadcastChannel(names.progressChannel);
  channel.onmessage = ({ data }: MessageEvent<Broadcast>) => {
    // A sync has ended: by now there is an archive index, too.
    if (data.type === "progress" && data.repository.state !== "syncing") void handler.refresh().catch(() => undefined);
    if (data.type !== "published") return;
    void snapshots.moved(data.repository);
  };
  return { store, handler, link, channel };
}
