/// <reference lib="webworker" />
import "../platform/node-globals.ts";
import { expose } from "comlink";
import { Slice } from "../core/cooperation/slice.ts";
import { errorRecord } from "../core/errors.ts";
import { defaultLimits } from "../core/git/limits.ts";
import { systemClock } from "../platform/clock.ts";
import { messageChannelMacrotask } from "../platform/macrotask.ts";
import { type Broadcast, type Engine, protocolVersion } from "../protocol/messages.ts";
import { scopeNames } from "../protocol/names.ts";
import type { PageToWorker, WorkerToPage } from "../protocol/worker.ts";
import { openIndexedDbStore } from "../store/indexeddb.ts";
import { SyncEngine } from "../sync/engine.ts";

declare const self: DedicatedWorkerGlobalScope;

/** Milliseconds between two chances for everybody else (docs/decisions/001-yield.md). */
const sliceMs = 4;

const protocol = protocolVersion;
let engine: Promise<SyncEngine> | null = null;

async function start(
  base: string,
  repositories: Extract<PageToWorker, { type: "start" }>["repositories"],
): Promise<SyncEngine> {
  const names = scopeNames(base);
  const macrotask = messageChannelMacrotask();
  const slice = () => new Slice(systemClock, macrotask, sliceMs);
  const store = await openIndexedDbStore(names, { clock: systemClock, slice: slice() });
  const channel = new BroadcastChannel(names.progressChannel);
  const tell = (message: Broadcast) => channel.postMessage(message);
  const started = new SyncEngine(
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
  channel.onmessage = ({ data }: MessageEvent<Broadcast>) => {
    if (data.protocol === protocol && data.type === "update-wanted") void started.update(data.repository, data.order);
  };
  await started.follow(repositories);
  return started;
}

/** Comlink sees this object, not the engine: only what the protocol names can be called. */
function facade(running: SyncEngine): Engine {
  return {
    status: () => running.status(),
    update: (repository, order) => running.update(repository, order),
    settled: (repository) => running.settled(repository),
    live: (repository, path, waitMs) => running.live(repository, path, waitMs),
    answered: (latencies) => running.answered(latencies),
  };
}

self.onmessage = ({ data }: MessageEvent<PageToWorker>) => {
  if (data.protocol !== protocol) return;
  const say = (message: WorkerToPage) => self.postMessage(message);
  if (data.type === "start") engine ??= start(data.base, data.repositories);
  engine?.then(
    (running) => {
      expose(facade(running), data.port as MessagePort);
      if (data.type === "start") say({ type: "started", protocol });
    },
    (thrown: unknown) => say({ type: "failed", protocol, error: errorRecord(thrown) }),
  );
};
