import { alternate } from "../alternate.ts";
import { type Experiment, inFreshChromium } from "../bench.ts";
import { figure, makeRow } from "../row.ts";
import { median, percentile } from "../statistics.ts";

const everyMs = 20;
const idleMs = 3_000;
/** A branch that is a repository of its own here: nothing of it is stored, so that all of it is cloned while the first one serves. */
const other = "previous";

export const inServiceWorker: Experiment = {
  part: "availability",
  ids: ["availability.in-sw"],
  async measure(bench) {
    const { paths } = bench.subject;
    const { profile: runs } = await alternate(bench.log, bench.runs, {
      profile: () =>
        inFreshChromium(bench.site, async (tab) => {
          await tab.evaluate((branch) => globalThis.bench.registerMirror([branch]), other);
          await tab.evaluate(() => globalThis.bench.syncInServiceWorker("default"));
          const steady = (ms: number) =>
            tab.evaluate((...given) => globalThis.bench.requestsFor(...given), ms, paths, everyMs);
          await steady(everyMs * paths.length);
          const idle = await steady(idleMs);
          const busy = await tab.evaluate(
            (...given) => globalThis.bench.syncInServiceWorkerWithRequests(...given),
            other,
            paths,
            everyMs,
          );
          return { idle, busy };
        }),
    });
    const errors = runs.reduce((sum, { busy }) => sum + busy.requests.errors.length, 0);
    const max = runs.map(({ busy }) => Math.max(...busy.requests.latencies));
    bench.emit(
      makeRow({
        id: "availability.in-sw",
        unit: "ms",
        samples: runs.map(({ busy }) => percentile(busy.requests.latencies, 0.99)),
        peer: { name: "the same requests idle", samples: runs.map(({ idle }) => percentile(idle.latencies, 0.99)) },
        atMost: 25,
        note: `max ${figure(median(max))} ms, ${errors} errors; longest gap ${figure(median(runs.map(({ busy }) => busy.sync.longestGapMs)))} ms; the sync took ${figure(median(runs.map(({ busy }) => busy.sync.settledMs)))} ms`,
      }),
    );
  },
};
