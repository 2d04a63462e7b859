import { alternate } from "../alternate.ts";
import { type Bench, type Experiment, inFreshChromium, startEngine } from "../bench.ts";
import { figure, makeRow } from "../row.ts";
import { median, percentile } from "../statistics.ts";

const everyMs = 20;
const branches = ["master", "previous", "master", "previous"];

/** The availability budget under updates and compactions. */
export const updateAvailability: Experiment = {
  part: "availability",
  ids: ["availability.update-p99", "availability.update-max", "availability.update-errors"],
  async measure(bench) {
    const { runs } = await alternate(bench.log, bench.runs, { runs: () => updatesUnderRequests(bench) });
    const p99 = (latencies: readonly number[]) => percentile(latencies, 0.99);
    const idle = runs.map((run) => p99(run.idle.latencies));
    const all = runs.map((run) => run.busy.requests);
    bench.emit(
      makeRow({
        id: "availability.update-p99",
        unit: "ms",
        samples: all.map(({ latencies }) => p99(latencies)),
        peer: { name: "the same requests idle", samples: idle },
        atMost: 2 * median(idle) + 10,
        note: `${branches.length} updates, a compaction after each; ${figure(median(all.map(({ latencies }) => latencies.length)))} requests`,
      }),
    );
    bench.emit(
      makeRow({
        id: "availability.update-max",
        unit: "ms",
        samples: all.map(({ latencies }) => Math.max(...latencies)),
        peer: { name: "the same requests idle", samples: runs.map((run) => Math.max(...run.idle.latencies)) },
        atMost: 50,
      }),
    );
    const errors = all.map((one) => one.errors);
    bench.emit(
      makeRow({
        id: "availability.update-errors",
        unit: "",
        samples: errors.map(({ length }) => length),
        atMost: 0,
        worstAtMost: 0,
        ...(errors.flat().length > 0 && { note: errors.flat()[0] ?? "" }),
      }),
    );
  },
};

function updatesUnderRequests(bench: Bench) {
  const { paths } = bench.subject;
  return inFreshChromium(bench.site, async (tab) => {
    await startEngine(tab);
    await tab.evaluate(() => globalThis.bench.registerMirror());
    await tab.evaluate(() => globalThis.bench.sync("previous"));
    const steady = (ms: number) =>
      tab.evaluate((...given) => globalThis.bench.requestsFor(...given), ms, paths, everyMs);
    await steady(everyMs * paths.length);
    const idle = await steady(4_000);
    const busy = await tab.evaluate(
      (...given) => globalThis.bench.updatesWithRequests(...given),
      branches,
      paths,
      everyMs,
    );
    return { idle, busy };
  });
}
