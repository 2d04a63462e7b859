import "../../../src/platform/node-globals.ts";
import { Slice } from "../../../src/core/cooperation/slice.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { messageChannelMacrotask } from "../../../src/platform/macrotask.ts";
import { createHandler, type Handler } from "../../../src/serve/handler.ts";
import { SnapshotReader } from "../../../src/store/snapshot-reader.ts";
import type { EngineOptions } from "./bench-engine.ts";
import { EngineBench } from "./engine-bench.ts";
import { scope, takeOverAtOnce } from "./service-worker-scope.ts";

/** As the product's service worker has it. */
const sliceMs = 2;

interface Wired {
  readonly bench: EngineBench;
  readonly handler: Handler;
}

let wired: Promise<Wired> | null = null;

/** Engine and handler in one thread: nothing but the slice stands between a sync and the requests. */
async function wire(options: EngineOptions): Promise<Wired> {
  const bench = await EngineBench.open({ ...options, sliceMs });
  const macrotask = messageChannelMacrotask();
  const snapshots = new SnapshotReader(bench.store);
  const handler = createHandler({
    base: options.base,
    store: bench.store,
    openSnapshot: (repository) => snapshots.current(repository),
    clock: systemClock,
    slice: () => new Slice(systemClock, macrotask, sliceMs),
    version: "bench",
    host: "service-worker",
    live: {
      answer: async (repository, path, waitMs) =>
        (await bench.engine?.live(repository, path, waitMs)) ?? { type: "idle" },
    },
    upstream: null,
    archives: null,
    startUpdate: async () => undefined,
    engineStatus: async () => (await bench.engine?.status()) ?? null,
    passThrough: (request) => fetch(request),
  });
  return { bench, handler };
}

takeOverAtOnce();

scope.addEventListener("message", (event) => {
  const { options, branch } = event.data as { options: EngineOptions; branch: string };
  const [port] = event.ports;
  wired ??= wire(options);
  event.waitUntil(
    wired
      .then(({ bench }) => bench.sync(branch))
      .then(
        (figures) => port?.postMessage({ figures }),
        (thrown: unknown) => port?.postMessage({ error: String(thrown) }),
      ),
  );
});

scope.addEventListener("fetch", (event) => {
  if (wired === null || !new URL(event.request.url).pathname.includes("/opam/")) return;
  event.respondWith(wired.then(({ handler }) => handler(event.request)));
});
