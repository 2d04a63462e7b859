/// <reference lib="webworker" />
import { Slice } from "../src/core/cooperation/slice.ts";
import { defaultLimits } from "../src/core/git/limits.ts";
import { systemClock } from "../src/platform/clock.ts";
import { messageChannelMacrotask } from "../src/platform/macrotask.ts";
import { type Broadcast, type PageToServiceWorker, protocolVersion } from "../src/protocol/messages.ts";
import { scopeNames } from "../src/protocol/names.ts";
import { GatewayArchives } from "../src/serve/gateway-archives.ts";
import { GatewayUpstream } from "../src/serve/gateway-upstream.ts";
import { createHandler } from "../src/serve/handler.ts";
import { openIndexedDbStore } from "../src/store/indexeddb.ts";
import { SnapshotReader } from "../src/store/snapshot-reader.ts";
import { AppShell } from "./app-shell.ts";
import { configure } from "./configure.ts";
import { EngineLink } from "./engine-link.ts";
import { lazyStore } from "./lazy-store.ts";

declare const self: ServiceWorkerGlobalScope;
declare const __APP_VERSION__: string;
declare const __APP_ASSETS__: readonly string[];
declare const __PACKAGE_VERSION__: string;

/** Shorter than in the sync worker: this thread is the one that answers. */
const sliceMs = 2;

const base = self.registration.scope;
const names = scopeNames(base);
const macrotask = messageChannelMacrotask();
const slice = () => new Slice(systemClock, macrotask, sliceMs);
const store = lazyStore(() => openIndexedDbStore(names, { clock: systemClock, slice: slice() }));
/** A burst of requests reads the pointer once; the sync worker says when it has changed. */
const snapshots = new SnapshotReader(store, { trustMs: 50 });
const engine = new EngineLink(self.clients);
const shell = new AppShell(base, names, __APP_VERSION__, __APP_ASSETS__);
const channel = new BroadcastChannel(names.progressChannel);

const handler = createHandler({
  base,
  store,
  openSnapshot: (repository) => snapshots.current(repository),
  clock: systemClock,
  slice,
  version: __PACKAGE_VERSION__,
  host: "service-worker",
  live: engine,
  upstream: new GatewayUpstream(base, fetch),
  archives: new GatewayArchives({
    base,
    store,
    fetch: (url, init) => fetch(url, init),
    clock: systemClock,
    slice,
    archiveBytes: defaultLimits.archiveBytes,
  }),
  startUpdate: async (repository, order = {}) => {
    const wanted: Broadcast = { type: "update-wanted", protocol: protocolVersion, repository, order };
    channel.postMessage(wanted);
  },
  engineStatus: () => engine.status(),
  passThrough: (request) => fetch(request),
  onAnswered: (ms) => engine.answered(ms),
});

channel.onmessage = ({ data }: MessageEvent<Broadcast>) => {
  // The snapshot is opened before the first request asks for it.
  if (data.type !== "published") return;
  snapshots.recheck(data.repository);
  void snapshots.current(data.repository).catch(() => null);
};

self.addEventListener("install", (event) => event.waitUntil(shell.install()));

self.addEventListener("activate", (event) => {
  event.waitUntil(Promise.all([shell.removeOld(), self.clients.claim(), handler.refresh()]));
});

self.addEventListener("message", (event) => {
  const message = event.data as PageToServiceWorker;
  if (message?.protocol !== protocolVersion) return;
  switch (message.type) {
    case "claim":
      return event.waitUntil(self.clients.claim());
    case "take-over":
      return event.waitUntil(self.skipWaiting());
    case "configure":
      return event.waitUntil(configure(store, message.repositories, handler.refresh, event.ports[0]));
    case "engine-port":
      return engine.connect(message.port as MessagePort);
  }
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.cache === "only-if-cached" && request.mode !== "same-origin") return;
  const asset = shell.match(request);
  if (asset !== null) return event.respondWith(shell.answer(asset, request));
  if (handler.matches(new URL(request.url)) !== null) event.respondWith(handler(request));
});
