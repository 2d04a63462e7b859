import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { alternate } from "../alternate.ts";
import { type Bench, type Experiment, inFreshChromium, startEngine } from "../bench.ts";
import type { Tab } from "../chromium.ts";
import { figure, makeRow } from "../row.ts";
import { median } from "../statistics.ts";

/** Requests timed as one: a page's clock counts in tenths of milliseconds. */
const together = 8;
const rounds = 4;
const coldStarts = 8;

export const serving: Experiment = {
  part: "serve",
  ids: ["serve.file", "serve.cold"],
  async measure(bench) {
    const { mirror, workbox, empty } = await alternate(bench.log, bench.runs, {
      mirror: () => fromMirror(bench),
      workbox: () => fromWorkbox(bench),
      empty: () => fromEmpty(bench),
    });
    bench.emit(
      makeRow({
        id: "serve.file",
        unit: "ms",
        samples: mirror.map(({ warm }) => median(warm)),
        peer: { name: "Workbox CacheFirst, the same bytes", samples: workbox.map((warm) => median(warm)) },
        atMostTimes: 1,
      }),
    );
    const nothing = median(empty.map((cold) => median(cold)));
    bench.emit(
      makeRow({
        id: "serve.cold",
        unit: "ms",
        samples: mirror.map(({ cold }) => median(cold)),
        peer: { name: "a service worker that does nothing", samples: empty.map((cold) => median(cold)) },
        atMost: nothing + 30,
        note: `slowest ${figure(Math.max(...mirror.flatMap(({ cold }) => cold)))} ms`,
      }),
    );
  },
};

function fromMirror(bench: Bench) {
  return inFreshChromium(bench.site, async (tab) => {
    await startEngine(tab);
    await tab.evaluate(() => globalThis.bench.registerMirror());
    await tab.evaluate((branch) => globalThis.bench.sync(branch), "master");
    const warm = await warmRequests(bench, tab);
    // Without the sync worker, as on a visit that has nothing to sync.
    await tab.goto(bench.site.page);
    return { warm, cold: await coldRequests(bench, tab) };
  });
}

function fromWorkbox(bench: Bench): Promise<number[]> {
  return inFreshChromium(bench.site, async (tab) => {
    await tab.evaluate(() => globalThis.bench.registerOwn("workbox-service-worker.js"));
    const { paths, tree } = bench.subject;
    const texts = await Promise.all(paths.map((path) => readFile(join(tree, path), "utf8")));
    const files = Object.fromEntries(paths.map((path, i) => [path, texts[i]!]));
    await tab.evaluate((given) => globalThis.bench.fillCache(given), files);
    return warmRequests(bench, tab);
  });
}

function fromEmpty(bench: Bench): Promise<number[]> {
  return inFreshChromium(bench.site, async (tab) => {
    await tab.evaluate(() => globalThis.bench.registerOwn("empty-service-worker.js"));
    return coldRequests(bench, tab);
  });
}

async function warmRequests(bench: Bench, tab: Tab): Promise<number[]> {
  const time = (count: number) =>
    tab.evaluate((...given) => globalThis.bench.timeRequests(...given), bench.subject.paths, count, together);
  await sleep(300);
  await time(2);
  return time(rounds);
}

async function coldRequests(bench: Bench, tab: Tab): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < coldStarts; i++) {
    await stopServiceWorkers(tab);
    await sleep(200);
    const path = bench.subject.paths[i] ?? "";
    times.push(await tab.evaluate((asked) => globalThis.bench.timeRequest(asked), path));
  }
  return times;
}

/** Stops them as the browser does when they idle, and looks away before the next start. */
async function stopServiceWorkers(tab: Tab): Promise<void> {
  const running = new Set<string>();
  let settle = (): void => {};
  const end = tab.on("ServiceWorker.workerVersionUpdated", ({ versions }) => {
    for (const { versionId, runningStatus } of versions as { versionId: string; runningStatus: string }[]) {
      if (runningStatus === "stopped") running.delete(versionId);
      else running.add(versionId);
    }
    if (running.size === 0) settle();
  });
  // `enable` reports every version before it answers, `stopAllWorkers` answers before they have stopped.
  await tab.send("ServiceWorker.enable");
  const stopped = new Promise<void>((resolve) => {
    settle = resolve;
  });
  await tab.send("ServiceWorker.stopAllWorkers");
  if (running.size > 0) await stopped;
  end();
  await tab.send("ServiceWorker.disable");
}
