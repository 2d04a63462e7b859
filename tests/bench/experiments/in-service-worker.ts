import { alternate } from "../alternate.ts";
import { type Experiment, inFreshChromium } from "../bench.ts";
import { figure, makeRow } from "../row.ts";
import { median, percentile } from "../statistics.ts";

const everyMs = 20;
const idleMs = 3_000;
/**
 * Repositories of another branch: nothing of them is stored, so that all of each is cloned while the first one serves. Several, for
 * of the ninety requests of a single clone the 99th percentile would be the longest.
 */
const others = ["second", "third", "fourth"];
const branch = "previous";

export const inServiceWorker: Experiment = {
  part: "availability",
  ids: ["availability.in-sw"],
  async measure(bench) {
    const { paths } = bench.subject;
    const { profile: runs } = await alternate(bench.log, bench.runs, {
      profile: () =>
        inFreshChromium(bench.site, async (tab) => {
          await tab.evaluate((...given) => globalThis.bench.registerMirror(...given), others, branch);
          await tab.evaluate(() => globalThis.bench.syncInServiceWorker("default"));
          const steady = (ms: number) =>
            tab.evaluate((...given) => globalThis.bench.requestsFor(...given), ms, paths, everyMs);
          await steady(everyMs * paths.length);
          const idle = await steady(idleMs);
          const clones = [];
          for (const name of others) {
            const clone = (...given: [string, readonly string[], number]) =>
              globalThis.bench.syncInServiceWorkerWithRequests(...given);
            clones.push(await tab.evaluate(clone, name, paths, everyMs));
          }
          return {
            idle,
            busy: {
              latencies: clones.flatMap(({ requests }) => requests.latencies),
              errors: clones.flatMap(({ requests }) => requests.errors),
              longestGapMs: Math.max(...clones.map(({ sync }) => sync.longestGapMs)),
              settledMs: median(clones.map(({ sync }) => sync.settledMs)),
            },
          };
        }),
    });
    const errors = runs.reduce((sum, { busy }) => sum + busy.errors.length, 0);
    const max = runs.map(({ busy }) => Math.max(...busy.latencies));
    bench.emit(
      makeRow({
        id: "availability.in-sw",
        unit: "ms",
        samples: runs.map(({ busy }) => percentile(busy.latencies, 0.99)),
        peer: { name: "the same requests idle", samples: runs.map(({ idle }) => percentile(idle.latencies, 0.99)) },
        atMost: 25,
        note: `max ${figure(median(max))} ms, ${errors} errors; longest gap ${figure(median(runs.map(({ busy }) => busy.longestGapMs)))} ms; a sync took ${figure(median(runs.map(({ busy }) => busy.settledMs)))} ms`,
      }),
    );
  },
};
