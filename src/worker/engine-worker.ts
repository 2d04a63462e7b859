/// <reference lib="webworker" />
import "../platform/node-globals.ts";
import { expose } from "comlink";
import { errorRecord } from "../core/errors.ts";
import { type Engine, protocolVersion } from "../protocol/messages.ts";
import type { PageToWorker, WorkerToPage } from "../protocol/worker.ts";
import type { SyncEngine } from "../sync/engine.ts";
import { type StartedEngine, startEngine } from "./engine-start.ts";
import { startKeeping } from "./keeping-service.ts";

declare const self: DedicatedWorkerGlobalScope;

/** Milliseconds between two chances for everybody else (docs/decisions/001-yield.md). */
const sliceMs = 4;

const protocol = protocolVersion;
let engine: Promise<StartedEngine> | null = null;

const say = (message: WorkerToPage) => self.postMessage(message);

function start({ base, repositories, update }: Extract<PageToWorker, { type: "start" }>): Promise<StartedEngine> {
  const starting = startEngine(base, repositories, sliceMs);
  say({ type: "alive", protocol });
  // Beside the engine: what it answers does not wait for archives.
  starting.then(
    ({ engine, store }) => {
      if (update) for (const { name } of repositories) void engine.update(name);
      startKeeping(base, store, sliceMs);
    },
    () => undefined,
  );
  return starting;
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
  if (data.type === "start") engine ??= start(data);
  engine?.then(
    ({ engine }) => {
      if (data.type === "port") expose(facade(engine), data.port as MessagePort);
    },
    (thrown: unknown) => say({ type: "failed", protocol, error: errorRecord(thrown) }),
  );
};
