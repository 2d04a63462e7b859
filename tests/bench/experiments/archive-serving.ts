import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { realData } from "../../support/real-data.ts";
import { alternate } from "../alternate.ts";
import { type Experiment, inFreshChromium, startEngine } from "../bench.ts";
import type { Tab } from "../chromium.ts";
import { figure, makeRow } from "../row.ts";
import type { Site } from "../site.ts";
import { median } from "../statistics.ts";

/** Real archives that are asked for. */
const archives = 80;
/** Requests timed as one: a page's clock counts in tenths of milliseconds. */
const together = 8;
const rounds = 4;
const unrelated = 10_000;
/** A tenth more than zero is what the clock makes of less than a tenth. */
const decideMs = 0.101;

interface Asked {
  /** As opam asks: by the first checksum that is listed, which is an md5 for most. */
  readonly path: string;
  readonly sha256: string;
}

export const archiveServing: Experiment = {
  part: "serve",
  ids: ["serve.archive", "serve.decide", "serve.decide-restarted"],
  async measure(bench) {
    const real = realData();
    if (real === null) {
      for (const id of archiveServing.ids) bench.skip(id, "there are no real archives");
      return;
    }
    const site = await bench.openSite(bench.subject.gitDir, undefined, [real.cache]);
    const asked = await chosen(join(real.cache, "sha256"));
    const { mirror, workbox } = await alternate(bench.log, bench.runs, {
      mirror: () => fromMirror(site, asked),
      workbox: () => fromWorkbox(site, asked),
    });
    bench.emit(
      makeRow({
        id: "serve.archive",
        unit: "ms",
        samples: mirror.map(({ warm }) => median(warm)),
        peer: { name: "Workbox CacheFirst, the same bytes", samples: workbox.map((warm) => median(warm)) },
        atMostTimes: 1,
        note: `${asked.length} real archives, by md5; hashed at each read`,
      }),
    );
    bench.emit(
      makeRow({
        id: "serve.decide",
        unit: "ms",
        samples: mirror.map(({ decide }) => percentile99(decide.times)),
        atMost: decideMs,
        note: `p99 of ${unrelated} URLs that are nobody's; all of them ${figure(median(mirror.map(({ decide }) => sum(decide.times))))} ms`,
      }),
    );
    bench.emit(
      makeRow({
        id: "serve.decide-restarted",
        unit: "ms",
        samples: mirror.map(({ restarted }) => percentile99(restarted.times)),
        atMost: decideMs,
        note: `the same in a new context, from its first decision on: ${median(mirror.map(({ restarted }) => restarted.early))} of them before the archive index was read; all of them ${figure(median(mirror.map(({ restarted }) => sum(restarted.times))))} ms, the longest ${figure(median(mirror.map(({ restarted }) => Math.max(...restarted.times))))}`,
      }),
    );
  },
};

async function chosen(folder: string): Promise<Asked[]> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const names = files.map(({ parentPath, name }) => join(parentPath, name)).sort();
  const step = Math.max(1, Math.floor(names.length / archives));
  const every = names.filter((_, i) => i % step === 0).slice(0, archives);
  return Promise.all(
    every.map(async (file) => {
      const md5 = createHash("md5")
        .update(await readFile(file))
        .digest("hex");
      return { path: `cache/md5/${md5.slice(0, 2)}/${md5}`, sha256: file.slice(-64) };
    }),
  );
}

function fromMirror(site: Site, asked: readonly Asked[]) {
  return inFreshChromium(site, async (tab) => {
    await startEngine(tab);
    await tab.evaluate(() => globalThis.bench.registerMirror());
    await tab.evaluate((branch) => globalThis.bench.sync(branch), "master");
    const warm = await warmRequests(tab, asked);
    const decide = await tab.evaluate((count) => globalThis.bench.timeDecisions(count, false), unrelated);
    await tab.goto(site.page);
    const restarted = await tab.evaluate((count) => globalThis.bench.timeDecisions(count, true), unrelated);
    return { warm, decide, restarted };
  });
}

function fromWorkbox(site: Site, asked: readonly Asked[]): Promise<number[]> {
  return inFreshChromium(site, async (tab) => {
    await tab.evaluate(() => globalThis.bench.registerOwn("workbox-service-worker.js"));
    await tab.evaluate((given) => globalThis.bench.fillArchiveCache(given), asked);
    return warmRequests(tab, asked);
  });
}

async function warmRequests(tab: Tab, asked: readonly Asked[]): Promise<number[]> {
  const paths = asked.map(({ path }) => path);
  const time = (count: number) =>
    tab.evaluate((...given) => globalThis.bench.timeRequests(...given), paths, count, together);
  await sleep(300);
  await time(2);
  return time(rounds);
}

function percentile99(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;
}

function sum(times: readonly number[]): number {
  return times.reduce((total, one) => total + one, 0);
}
