import "../../../src/platform/node-globals.ts";
import { expose } from "comlink";
import type { Engine } from "../../../src/protocol/messages.ts";
import type { BenchEngine } from "./bench-engine.ts";
import { EngineBench } from "./engine-bench.ts";

let bench: EngineBench | null = null;

function running(): EngineBench {
  if (bench === null) throw new Error("start() comes first.");
  return bench;
}

function engine(): Engine {
  const { engine } = running();
  if (engine === null) throw new Error("sync() comes first.");
  return engine;
}

// The engine changes with every sync; a port keeps calling the newest.
const facade: Engine = {
  status: () => engine().status(),
  update: (repository) => engine().update(repository),
  settled: (repository) => engine().settled(repository),
  live: (repository, path, waitMs) => engine().live(repository, path, waitMs),
  answered: (latencies) => engine().answered(latencies),
};

const exposed: BenchEngine = {
  ...facade,
  async start(options) {
    bench = await EngineBench.open(options);
  },
  sync: (branch) => running().sync(branch),
  updateTo: (branch) => running().updateTo(branch),
  compact: () => running().compact(),
  buildTarball: () => running().buildTarball(),
  async connect(port) {
    expose(facade, port);
  },
  ping: async () => undefined,
};

expose(exposed);
