import { defaultLimits } from "../../../src/core/git/limits.ts";
import { makeOpamRepository } from "../../fixtures/opam-repository.ts";
import { alternate } from "../alternate.ts";
import { type Bench, type Experiment, inFreshChromium, startEngine } from "../bench.ts";
import type { SyncFigures } from "../browser/bench-engine.ts";
import { type MemoryGrowth, watchMemory } from "../process-memory.ts";
import { figure, makeRow } from "../row.ts";
import type { Site } from "../site.ts";
import { exponent, median } from "../statistics.ts";

const sizes = [1_000, 10_000, 100_000] as const;
/** Multiple of the default limits under which the largest is tried. */
const limits = 4;
const megabyte = 1e6;

export const scale: Experiment = {
  part: "scale",
  ids: ["scale.exponent", ...sizes.flatMap((size) => [`scale.sync-${size}`, `scale.memory-${size}`])],
  async measure(bench) {
    const sites = new Map<number, Site>();
    for (const size of sizes) {
      bench.log.say(`generating ${size} versions`);
      const { gitDir } = await makeOpamRepository({ versions: size, seed: "scale" });
      sites.set(size, await bench.openSite(gitDir));
    }
    const site = (size: (typeof sizes)[number]) => () => oneSync(sites.get(size)!);
    const [small, middle, large] = sizes;
    const found = await alternate(bench.log, bench.runs, {
      [small]: site(small),
      [middle]: site(middle),
      [large]: site(large),
    });
    const points = sizes.map((size) => ({
      x: size,
      y: median((found[size] ?? []).map(({ sync }) => sync.publishedMs)),
    }));
    const perRun = Array.from({ length: bench.runs }, (_, run) =>
      exponent(sizes.map((size) => ({ x: size, y: found[size]?.[run]?.sync.publishedMs ?? Number.NaN }))),
    );
    bench.emit(
      makeRow({
        id: "scale.exponent",
        unit: "",
        samples: perRun,
        atMost: 1.1,
        note: `from 10k to 100k alone ${figure(exponent(points.slice(1)))}`,
      }),
    );
    for (const size of sizes) emitSize(bench, size, found[size] ?? []);
  },
};

interface Sample {
  readonly sync: SyncFigures;
  readonly memory: MemoryGrowth;
}

function oneSync(site: Site): Promise<Sample> {
  return inFreshChromium(site, async (tab, chromium) => {
    await startEngine(tab, { limits });
    const watched = watchMemory(chromium.pid);
    const sync = await tab.evaluate((branch) => globalThis.bench.sync(branch), "master");
    return { sync, memory: watched() };
  });
}

function emitSize(bench: Bench, size: number, samples: readonly Sample[]): void {
  const packBytes = median(samples.map(({ sync }) => sync.packBytes));
  const over = packBytes > defaultLimits.packBytes ? ", above the default limit of 64 MiB" : "";
  bench.emit(
    makeRow({
      id: `scale.sync-${size}`,
      unit: "ms",
      samples: samples.map(({ sync }) => sync.publishedMs),
      note: `to the published snapshot; pack ${figure(packBytes / megabyte)} MB${over}; longest gap ${figure(median(samples.map(({ sync }) => sync.longestGapMs)))} ms`,
    }),
  );
  bench.emit(
    makeRow({
      id: `scale.memory-${size}`,
      unit: "MB",
      samples: samples.map(({ memory }) => memory.renderer / megabyte),
      peer: { name: "the pack's bytes", samples: samples.map(({ sync }) => sync.packBytes / megabyte) },
    }),
  );
}
