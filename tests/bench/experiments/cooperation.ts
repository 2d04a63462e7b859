import { writeFile } from "node:fs/promises";
import type { YieldPolicy } from "../../../src/core/cooperation/slice.ts";
import { alternate } from "../alternate.ts";
import { type Bench, type Experiment, inFreshChromium, startEngine } from "../bench.ts";
import { latencyPlot } from "../latency-plot.ts";
import { figure, makeRow } from "../row.ts";
import { median, percentile } from "../statistics.ts";

const pingEveryMs = 10;

export const cooperation: Experiment = {
  part: "sync",
  ids: ["cooperation.cost", "cooperation.every"],
  async measure(bench) {
    const { never, every, budget } = await alternate(bench.log, bench.runs, {
      never: () => syncWith(bench, "never"),
      every: () => syncWith(bench, "every"),
      budget: () => syncWith(bench, "budget"),
    });
    const settled = (runs: typeof budget) => runs.map(({ settledMs }) => settledMs);
    const peer = { name: "the same sync that never yields", samples: settled(never) };
    const gaps = (runs: typeof budget) => figure(median(runs.map(({ longestGapMs }) => longestGapMs)));
    bench.emit(
      makeRow({
        id: "cooperation.cost",
        unit: "ms",
        samples: settled(budget),
        peer,
        atMostTimes: 1.05,
        note: `longest gap ${gaps(budget)} instead of ${gaps(never)} ms`,
      }),
    );
    bench.emit(
      makeRow({
        id: "cooperation.every",
        unit: "ms",
        samples: settled(every),
        peer,
        note: `a macrotask an object; longest gap ${gaps(every)} ms`,
      }),
    );
    if (bench.options.plot !== null) await plot(bench, bench.options.plot);
  },
};

function syncWith(bench: Bench, policy: YieldPolicy) {
  return inFreshChromium(bench.site, async (tab) => {
    await startEngine(tab, { policy });
    return tab.evaluate((branch) => globalThis.bench.sync(branch), "master");
  });
}

/** The article's experiment: what a message to the syncing thread waits for, under each policy. */
async function plot(bench: Bench, file: string): Promise<void> {
  const traces = [];
  for (const policy of ["never", "every", "budget"] as const) {
    bench.log.say(`plot: ${policy}`);
    const { sync, pings } = await inFreshChromium(bench.site, async (tab) => {
      await startEngine(tab, { policy });
      return tab.evaluate((branch, ms) => globalThis.bench.syncWithPings(branch, ms), "master", pingEveryMs);
    });
    const waits = pings.map(({ ms }) => ms);
    const facts = `p50 ${figure(median(waits))}, p99 ${figure(percentile(waits, 0.99))}, max ${figure(Math.max(...waits))} ms`;
    traces.push({ policy, pings, endMs: sync.settledMs, facts });
  }
  await writeFile(file, latencyPlot(traces));
}
