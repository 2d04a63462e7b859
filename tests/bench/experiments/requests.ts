import { setTimeout as sleep } from "node:timers/promises";
import { alternate } from "../alternate.ts";
import { type Bench, type Experiment, inFreshChromium, startEngine } from "../bench.ts";
import type { RequestFigures } from "../browser/requests.ts";
import { figure, makeRow } from "../row.ts";
import { median, percentile } from "../statistics.ts";
import { gitClone } from "./first-sync.ts";

const everyMs = 20;
const idleMs = 4_000;
/** Re-clones under requests in one profile: of the ninety requests of a single one the 99th percentile would be the longest. */
const reclones = ["previous", "master", "previous"];
/** Requests in flight at once in the flood. */
const lanes = 8;

export const requests: Experiment = {
  part: "availability",
  ids: ["availability.p99", "availability.max", "availability.errors", "availability.flood"],
  async measure(bench) {
    const { profile: runs } = await alternate(bench.log, bench.runs, { profile: () => oneProfile(bench) });
    const p99 = (key: "idle" | "busy" | "besideGit") => runs.map((run) => percentile(run[key].latencies, 0.99));
    const max = (key: "idle" | "busy" | "besideGit") => runs.map((run) => Math.max(...run[key].latencies));
    const p50 = (key: "idle" | "busy") => figure(median(runs.map((run) => median(run[key].latencies))));
    bench.emit(
      makeRow({
        id: "availability.p99",
        unit: "ms",
        samples: p99("busy"),
        peer: { name: "the same requests idle", samples: p99("idle") },
        atMost: 2 * median(p99("idle")) + 10,
        note: `p50 ${p50("busy")} and ${p50("idle")} ms; beside a native git clone p99 ${figure(median(p99("besideGit")))} ms`,
      }),
    );
    bench.emit(
      makeRow({
        id: "availability.max",
        unit: "ms",
        samples: max("busy"),
        peer: { name: "the same requests idle", samples: max("idle") },
        atMost: 50,
        note: `worst run ${figure(Math.max(...max("busy")))} ms; beside a native git clone ${figure(median(max("besideGit")))} ms`,
      }),
    );
    const errors = runs.map(({ idle, busy }) => [...idle.errors, ...busy.errors]);
    bench.emit(
      makeRow({
        id: "availability.errors",
        unit: "",
        samples: errors.map(({ length }) => length),
        atMost: 0,
        worstAtMost: 0,
        ...(errors.flat().length > 0 && { note: errors.flat()[0] ?? "" }),
      }),
    );
    bench.emit(
      makeRow({
        id: "availability.flood",
        unit: "ms",
        samples: runs.map(({ flooded }) => flooded.sync.settledMs),
        peer: { name: "the same sync idle", samples: runs.map(({ quiet }) => quiet.settledMs) },
        atMostTimes: 2,
        note: `${figure(median(runs.map(({ flooded }) => (1000 * flooded.answered) / flooded.sync.settledMs)))} answers a second on ${lanes} lanes`,
      }),
    );
  },
};

/** Everything in one profile, so that only the sync differs between the measurements. */
function oneProfile(bench: Bench) {
  const { paths } = bench.subject;
  return inFreshChromium(bench.site, async (tab) => {
    const steady = (ms: number): Promise<RequestFigures> =>
      tab.evaluate((...given) => globalThis.bench.requestsFor(...given), ms, paths, everyMs);
    await startEngine(tab);
    await tab.evaluate(() => globalThis.bench.registerMirror());
    await tab.evaluate((branch) => globalThis.bench.sync(branch), "master");
    await steady(everyMs * paths.length);
    await sleep(300);
    const idle = await steady(idleMs);
    const busy = { latencies: [] as number[], errors: [] as string[] };
    for (const branch of reclones) {
      const { requests } = await tab.evaluate(
        (...given) => globalThis.bench.syncWithRequests(...given),
        branch,
        paths,
        everyMs,
      );
      busy.latencies.push(...requests.latencies);
      busy.errors.push(...requests.errors);
    }
    const quiet = await tab.evaluate((branch) => globalThis.bench.sync(branch), "master");
    const flooded = await tab.evaluate((...given) => globalThis.bench.syncInFlood(...given), "previous", paths, lanes);
    const cloning = gitClone(bench.site);
    const [besideGit] = await Promise.all([steady(Math.max(1000, quiet.publishedMs)), cloning]);
    return { idle, busy, quiet, flooded, besideGit };
  });
}
