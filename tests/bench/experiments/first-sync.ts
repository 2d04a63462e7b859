import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alternate } from "../alternate.ts";
import { type Bench, type Experiment, inFreshChromium, startEngine } from "../bench.ts";
import type { SyncFigures } from "../browser/bench-engine.ts";
import { makeRow } from "../row.ts";
import type { Site } from "../site.ts";
import { median } from "../statistics.ts";
import { timedCommand } from "../timed-command.ts";
import { profileWorker } from "../worker-profile.ts";

export const firstSync: Experiment = {
  part: "sync",
  ids: ["sync.first", "sync.first-vs-stock", "sync.first-page"],
  async measure(bench) {
    const { ours, git, stock } = await firstSyncs(bench, true);
    const published = ours.map(({ publishedMs }) => publishedMs);
    bench.emit(
      makeRow({
        id: "sync.first",
        unit: "ms",
        samples: published,
        peer: { name: "git clone --depth 1 --bare", samples: git },
        atMostTimes: 1.5,
        note: stepsNote(ours),
      }),
    );
    bench.emit(
      makeRow({
        id: "sync.first-vs-stock",
        unit: "ms",
        samples: published,
        peer: { name: "stock clone and walk", samples: stock.map(({ readMs }) => readMs) },
        atMostTimes: 0.2,
        note: "0.2× is five times faster",
      }),
    );
    const { page } = await alternate(bench.log, bench.runs, { page: () => firstVisit(bench) });
    bench.emit(
      makeRow({ id: "sync.first-page", unit: "ms", samples: page, note: "the product's page, from navigation on" }),
    );
  },
};

/**
 * First syncs of ours and of the peers, in turn; shared by all rows that are read off them. Without `read`, the stock
 * clone alone: unless the runs were made with it before.
 */
export function firstSyncs(bench: Bench, read: boolean) {
  return bench.once("first syncs", () =>
    alternate(bench.log, bench.runs, {
      ours: () =>
        inFreshChromium(bench.site, async (tab) => {
          const sync = async () => {
            await startEngine(tab);
            return tab.evaluate((branch) => globalThis.bench.sync(branch), "master");
          };
          const { profiles } = bench.options;
          return profiles === null ? sync() : profileWorker(tab, join(profiles, "first-sync.cpuprofile"), sync);
        }),
      git: () => gitClone(bench.site),
      stock: () =>
        inFreshChromium(bench.site, (tab) =>
          tab.evaluate((...given) => globalThis.bench.stock(...given), `${bench.site.base}git/default`, "master", read),
        ),
    }),
  );
}

/** Milliseconds of a shallow clone by Git from the same server. */
export async function gitClone(site: Site): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "mirror-bench-clone-"));
  try {
    const options = ["--quiet", "--depth", "1", "--bare", "--branch", "master"];
    return await timedCommand("git", ["clone", ...options, site.git, join(folder, "clone.git")]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Where the time of the syncs went, by medians: `discovered 20, answered 300, …`. */
export function stepsNote(syncs: readonly SyncFigures[]): string {
  const steps = [...new Set(syncs.flatMap((sync) => sync.steps.map(({ step }) => step)))];
  const at = (step: string) => syncs.map((sync) => sync.steps.findLast((one) => one.step === step)?.atMs ?? Number.NaN);
  return steps.map((step) => `${step} at ${median(at(step)).toFixed(0)}`).join(", ");
}

/** Milliseconds from navigating to the built app until its status shows a snapshot. */
function firstVisit(bench: Bench): Promise<number> {
  return inFreshChromium(bench.site, async (tab) => {
    const started = performance.now();
    await tab.goto(bench.site.base);
    await tab.evaluate(
      () =>
        new Promise<void>((resolve) => {
          const look = () => {
            const { opamMirror } = globalThis as { opamMirror?: { ready(): Promise<void> } };
            if (opamMirror === undefined) setTimeout(look, 5);
            else void opamMirror.ready().then(resolve);
          };
          look();
        }),
    );
    return performance.now() - started;
  });
}
