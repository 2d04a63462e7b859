import { transfer, wrap } from "comlink";
import { Registration } from "../../../src/client/registration.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import type { MirrorConfig, RepositoryConfig } from "../../../src/protocol/config.ts";
import {
  type Broadcast,
  type Configured,
  protocolVersion,
  type ServiceWorkerToPage,
} from "../../../src/protocol/messages.ts";
import { scopeNames } from "../../../src/protocol/names.ts";
import { lead } from "../../support/leading-page.ts";
import type { BenchEngine, CompactionFigures, EngineOptions, SyncFigures, TarballFigures } from "./bench-engine.ts";
import { type Decisions, timeDecisions } from "./decisions.ts";
import type { PackFigures } from "./pack-worker.ts";
import { answer, Flood, oneByOne, type RequestFigures, SteadyRequests } from "./requests.ts";
import type { StockFigures } from "./stock-worker.ts";

const protocol = protocolVersion;
const base = new URL("..", location.href).href;

/** What a run may choose; the rest is the same in all of them. */
export type EngineChoices = Omit<EngineOptions, "base" | "repository">;

export interface Ping {
  /** Milliseconds since the sync began. */
  readonly at: number;
  readonly ms: number;
}

export interface ResidentFigures {
  readonly settledMs: number;
  readonly longestGapMs: number;
}

export interface FirstAnswer {
  readonly path: string;
  readonly atMs: number;
  /** Bytes of the pack that had arrived. */
  readonly bytes: number;
}

/** See src/worker/resident-sync.ts. */
const pageMs = 1_000;

let engine: BenchEngine | null = null;

function running(): BenchEngine {
  if (engine === null) throw new Error("startEngine() comes first.");
  return engine;
}

async function repository(): Promise<RepositoryConfig> {
  const config = (await (await fetch(new URL("gateway/config.json", base))).json()) as MirrorConfig;
  return config.repositories[0]!;
}

/** Hands the service worker a port to the engine, whenever it asks. */
function brokerPorts(registration: Registration): void {
  const broker = async () => {
    const { port1, port2 } = new MessageChannel();
    await running().connect(transfer(port2, [port2]));
    registration.post({ type: "engine-port", protocol, port: port1 }, [port1]);
  };
  navigator.serviceWorker.addEventListener("message", ({ data }: MessageEvent<ServiceWorkerToPage>) => {
    if (data?.protocol === protocol && data.type === "engine-wanted" && engine !== null) void broker();
  });
  navigator.serviceWorker.startMessages();
}

/** Ends the worker with its answer, unless `keep`: a profiler has yet to ask it. */
function inWorker<T>(script: string, message: unknown, moved: Transferable[] = [], keep = false): Promise<T> {
  const worker = new Worker(new URL(script, location.href), { type: "module" });
  return new Promise<T>((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(`${script}: ${event.message}`));
    worker.onmessage = ({ data }: MessageEvent<T & { error?: string }>) => {
      if (data.error === undefined) resolve(data);
      else reject(new Error(data.error));
    };
    worker.postMessage(message, moved);
  }).finally(() => keep || worker.terminate());
}

const calls = {
  /** The product's service worker, in control and configured; each of the `further` names is a repository of its own, of that branch of the remote. */
  async registerMirror(further: readonly string[] = [], branch: string = ""): Promise<void> {
    const registration = await Registration.open(new URL("sw.js", base).href, base);
    const { port1, port2 } = new MessageChannel();
    const configured = new Promise<Configured>((resolve) => {
      port1.onmessage = ({ data }: MessageEvent<Configured>) => resolve(data);
    });
    const first = await repository();
    const repositories = [first, ...further.map((name) => ({ ...first, name, branch, origins: [] }))];
    registration.post({ type: "configure", protocol, repositories }, [port2]);
    const answer = await configured;
    if (answer.type === "failed") throw new Error(answer.error.message);
    brokerPorts(registration);
  },

  /** One of the benchmark's own service workers, in control of this page alone. */
  async registerOwn(script: string): Promise<void> {
    const controlled = new Promise<void>((resolve) => {
      navigator.serviceWorker.addEventListener("controllerchange", () => resolve(), { once: true });
    });
    await navigator.serviceWorker.register(new URL(script, location.href));
    await controlled;
  },

  async startEngine(choices: EngineChoices): Promise<void> {
    await lead(base);
    const worker = new Worker(new URL("engine-worker.js", location.href), { type: "module" });
    engine = wrap<BenchEngine>(worker) as unknown as BenchEngine;
    await engine.start({ ...choices, base, repository: await repository() });
  },

  sync: (branch: string): Promise<SyncFigures> => running().sync(branch),

  updateTo: (branch: string): Promise<SyncFigures> => running().updateTo(branch),

  compact: (): Promise<CompactionFigures> => running().compact(),

  /** Updates to each of these branches in turn, a compaction after each, and the requests that were asked for meanwhile. */
  async updatesWithRequests(
    branches: readonly string[],
    paths: readonly string[],
    everyMs: number,
  ): Promise<{ updates: SyncFigures[]; compactions: CompactionFigures[]; requests: RequestFigures }> {
    const updates: SyncFigures[] = [];
    const compactions: CompactionFigures[] = [];
    const requests = new SteadyRequests(mount, paths, everyMs);
    for (const branch of branches) {
      updates.push(await running().updateTo(branch));
      compactions.push(await running().compact());
    }
    return { updates, compactions, requests: await requests.stop() };
  },

  buildTarball: (): Promise<TarballFigures> => running().buildTarball(),

  /** A sync, and the requests that were asked for every `everyMs` while it ran. */
  async syncWithRequests(
    branch: string,
    paths: readonly string[],
    everyMs: number,
  ): Promise<{ sync: SyncFigures; requests: RequestFigures }> {
    const requests = new SteadyRequests(mount, paths, everyMs);
    const sync = await running().sync(branch);
    return { sync, requests: await requests.stop() };
  },

  async requestsFor(ms: number, paths: readonly string[], everyMs: number): Promise<RequestFigures> {
    const requests = new SteadyRequests(mount, paths, everyMs);
    await systemClock.sleep(ms);
    return requests.stop();
  },

  async syncInFlood(
    branch: string,
    paths: readonly string[],
    lanes: number,
  ): Promise<{ sync: SyncFigures; answered: number }> {
    const flood = new Flood(mount, paths, lanes);
    const sync = await running().sync(branch);
    return { sync, answered: await flood.stop() };
  },

  /** A sync in the thread of the product's service worker: no engine runs in this page. */
  syncInServiceWorker: residentSync,

  async syncInServiceWorkerWithRequests(
    name: string,
    paths: readonly string[],
    everyMs: number,
  ): Promise<{ sync: ResidentFigures; requests: RequestFigures }> {
    const sync = residentSync(name);
    // It waits a second for this page to lead, and then loads the engine: from there on it is measured.
    await systemClock.sleep(pageMs - 100);
    const requests = new SteadyRequests(mount, paths, everyMs);
    return { sync: await sync, requests: await requests.stop() };
  },

  /** A sync, and how long a message to its worker took to be answered, asked every `everyMs`. */
  async syncWithPings(branch: string, everyMs: number): Promise<{ sync: SyncFigures; pings: Ping[] }> {
    const pings: Ping[] = [];
    const begun = performance.now();
    const timer = setInterval(() => {
      const asked = performance.now();
      void running()
        .ping()
        .then(() => pings.push({ at: asked - begun, ms: performance.now() - asked }));
    }, everyMs);
    const sync = await running().sync(branch);
    clearInterval(timer);
    await running().ping();
    return { sync, pings };
  },

  /** Starts a sync and tells, for each path, what had arrived when it was answered first. */
  async firstAnswers(branch: string, paths: readonly string[]): Promise<FirstAnswer[]> {
    const { name } = await repository();
    const begun = performance.now();
    const sync = running().sync(branch);
    // Its end is not waited for, and how it ends is another row's business.
    sync.catch(() => undefined);
    return Promise.all(
      paths.map(async (path) => {
        for (;;) {
          const response = await fetch(mount + path);
          await response.arrayBuffer();
          if (response.status === 200) break;
          await systemClock.sleep(10);
        }
        const { repositories } = await running().status();
        const bytes = repositories.find((one) => one.name === name)?.progress.bytes ?? 0;
        return { path, atMs: performance.now() - begun, bytes };
      }),
    );
  },

  timeRequests: (paths: readonly string[], rounds: number, together: number): Promise<number[]> =>
    oneByOne(mount, paths, rounds, together),

  /** Milliseconds of one request. */
  async timeRequest(path: string): Promise<number> {
    const begun = performance.now();
    await answer(mount + path);
    return performance.now() - begun;
  },

  /** Puts what the mirror answers for these paths into the cache that the Workbox service worker serves from. */
  async fillCache(files: Readonly<Record<string, string>>): Promise<void> {
    const cache = await caches.open("files");
    for (const [path, text] of Object.entries(files)) {
      const headers = { "content-type": "text/plain; charset=utf-8" };
      await cache.put(mount + path, new Response(text, { headers }));
    }
  },

  /** The same for archives, which the gateway delivers past the service worker. */
  async fillArchiveCache(archives: readonly { readonly path: string; readonly sha256: string }[]): Promise<void> {
    const cache = await caches.open("files");
    for (const { path, sha256 } of archives)
      await cache.put(mount + path, await fetch(new URL(`gateway/archive/sha256/${sha256}`, base)));
  },

  timeDecisions: (count: number, restarted: boolean): Promise<Decisions> => timeDecisions(base, count, restarted),

  /** The bytes of the pack are fetched beforehand, and are in the worker before its clock starts. */
  async indexPack(tip: string, keepWorker: boolean): Promise<PackFigures> {
    const pack = await (await fetch(new URL("subject.pack", location.href))).arrayBuffer();
    return inWorker("pack-worker.js", { pack, tip }, [pack], keepWorker);
  },

  stock: (url: string, branch: string, read: boolean): Promise<StockFigures> =>
    inWorker("stock-worker.js", { url, branch, read }),
};

const mount = `${base}opam/default/`;

/** Asks for an update, and resolves when the engine has said that the sync it began has ended well. */
async function residentSync(name: string): Promise<ResidentFigures> {
  const channel = new BroadcastChannel(scopeNames(base).progressChannel);
  const ended = new Promise<ResidentFigures>((resolve, reject) => {
    let begun = false;
    channel.onmessage = ({ data }: MessageEvent<Broadcast>) => {
      if (data.type !== "progress" || data.repository.name !== name) return;
      const { state, lastSync } = data.repository;
      begun ||= state === "syncing";
      if (!begun || state === "syncing") return;
      if (lastSync?.error) reject(new Error(lastSync.error.message));
      else resolve({ settledMs: lastSync?.durationMs ?? 0, longestGapMs: data.availability.longestGapMs });
    };
  });
  const { status } = await fetch(`${base}opam/${name}/update`, { method: "POST" });
  if (status !== 202) throw new Error(`update: status ${status}`);
  return ended.finally(() => channel.close());
}

export type BenchPage = typeof calls;

declare global {
  var bench: BenchPage;
}

globalThis.bench = calls;
