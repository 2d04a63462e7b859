import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { lsTree } from "../fixtures/git-oracle.ts";
import { makeOpamRepository } from "../fixtures/opam-repository.ts";
import { type BrowserName, launch, skipReason } from "../support/browsers/browser.ts";
import { testGateway } from "../support/gateway.ts";
import { describeNoise, isDisturbed, type Noise, watchNoise } from "../support/machine-noise.ts";
import { realData } from "../support/real-data.ts";
import { dashboardReady } from "../support/serving/dashboard-page.ts";
import { percentile, type Sample, startProbe } from "../support/serving/request-probe.ts";

interface Target {
  readonly title: string;
  readonly browser: BrowserName;
  /** Milliseconds that status and the app's page may take at most, on a machine that does nothing else. */
  readonly promptMs: number;
  readonly throttleBytesPerSecond?: number;
}

const targets: readonly Target[] = [
  { title: "chromium", browser: "chromium", promptMs: 100 },
  // Long enough that requests for what has not arrived meet their deadline.
  // When the pack is written at the end, dozens of requests have waited for it: 60 to 160 ms were seen in that moment.
  { title: "chromium, from a remote of 2 MB/s", browser: "chromium", promptMs: 250, throttleBytesPerSecond: 2_000_000 },
  { title: "firefox", browser: "firefox", promptMs: 250 },
  // Its store holds up the service worker while the pack is written: 100 to 240 ms were seen.
  { title: "webkit", browser: "webkit", promptMs: 400 },
];

const everyMs = 20;
/** The deadline of a package file, and what an answer at the deadline may come early or late. */
const deadlineMs = 2_000;
const repeats = 4;
/** What a limit is multiplied with when other programs took part of the machine in every run. */
const tolerance = 5;

let repository: string;
let packages: string[];
beforeAll(async () => {
  repository = realData()?.repository ?? (await makeOpamRepository({ versions: 10_000 })).gitDir;
  const all = [...(await lsTree(repository, "HEAD")).keys()].filter((path) => path.startsWith("packages/"));
  // A sample from everywhere: WebKit's inspector takes no message of a megabyte.
  packages = all.filter((_, at) => at % Math.ceil(all.length / 1000) === 0);
});

interface Run {
  readonly samples: readonly Sample[];
  readonly noise: Noise | null;
  readonly cloneMs: number;
}

/** A first clone in an empty profile, watched from another tab. */
async function run(target: Target): Promise<Run> {
  const { throttleBytesPerSecond } = target;
  await using gateway = await testGateway({
    repository,
    ...(throttleBytesPerSecond === undefined ? {} : { throttleBytesPerSecond }),
  });
  const browser = await launch(target.browser);
  try {
    // A page of the scope that runs nothing itself: the service worker takes control of it when it is activated.
    const watcher = await browser.open(`${gateway.page}healthz`);
    const probe = await startProbe(watcher, gateway.page, packages, everyMs);
    const ended = await watchNoise();
    const begun = performance.now();
    const page = await browser.open(gateway.page);
    await dashboardReady(page, 60_000);
    const cloneMs = performance.now() - begun;
    await sleep(300);
    return { samples: await probe.end(), noise: await ended(), cloneMs };
  } finally {
    await browser.close();
  }
}

function report(title: string, { samples, noise, cloneMs }: Run): void {
  const lines = [`${title}: ready after ${cloneMs.toFixed(0)} ms, ${samples.length} requests, ${describeNoise(noise)}`];
  for (const kind of ["status", "shell", "repo", "package", "again"] as const) {
    const own = samples.filter((sample) => sample.kind === kind);
    const counts = new Map<string, number>();
    for (const { status, source } of own) {
      const key = `${status}${source === null ? "" : ` ${source}`}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const times = own.filter(({ status }) => status === 200).map(({ ms }) => ms);
    const figures = [50, 99, 100].map((p) => percentile(times, p).toFixed(0)).join(" / ");
    const list = [...counts].map(([key, count]) => `${count} × ${key}`).join(", ");
    lines.push(`  ${kind}: ${list}; p50 / p99 / max of the 200s ${figures} ms`);
  }
  console.log(lines.join("\n"));
}

/** What must be answered at once: status, the app, and a file that has arrived. */
const prompt: readonly Sample["kind"][] = ["status", "shell", "again"];

function slowest(samples: readonly Sample[]): number {
  return Math.max(...samples.filter(({ kind }) => prompt.includes(kind)).map(({ ms }) => ms));
}

describe.each(targets)("a request every 20 ms during the first clone: $title", (target) => {
  test("status and the app answer at once, files are 200 or 503 at their deadline", async (context) => {
    const missing = skipReason(target.browser);
    if (missing !== null) return context.skip(missing);
    let last = await run(target);
    report(target.title, last);
    const { promptMs } = target;
    // A maximum is decided by one event of the machine, which its counters do not always show: one run of five must hold the limit.
    for (let again = 0; again < repeats && slowest(last.samples) > promptMs; again++) {
      last = await run(target);
      report(`${target.title}, repeated because ${promptMs} ms were exceeded`, last);
    }
    const { samples } = last;
    const of = (...kinds: Sample["kind"][]) => samples.filter(({ kind }) => kinds.includes(kind));
    // The probe ran through the clone, not only after it.
    expect(of("status").length).toBeGreaterThan(last.cloneMs / (5 * everyMs) / 3);
    expect(of("again").length).toBeGreaterThan(0);
    expect(of("package", "repo").filter(({ source }) => source === "sync").length).toBeGreaterThan(0);
    expect(of(...prompt).filter(({ status }) => status !== 200)).toEqual([]);
    expect(of("package", "repo").filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
    const refused = of("package", "repo").filter(({ status }) => status === 503);
    // Whatever arrives within the deadline is waited for.
    if (last.cloneMs < deadlineMs) expect(refused).toEqual([]);
    for (const { retryAfter, ms } of refused) {
      expect(retryAfter).toMatch(/^([1-9]|[1-5]\d|60)$/);
      expect(ms).toBeGreaterThan(deadlineMs - 100);
      expect(ms).toBeLessThan(deadlineMs + 600);
    }
    const disturbed = isDisturbed(last.noise);
    if (disturbed && slowest(samples) > promptMs)
      console.log(`${target.title}: every run was disturbed, so the limit is ${tolerance} × ${promptMs} ms`);
    expect(slowest(samples)).toBeLessThanOrEqual(disturbed ? tolerance * promptMs : promptMs);
  });
});
