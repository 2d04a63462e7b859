import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { git } from "../../fixtures/git-command.ts";
import { type Answered, NodeGateway } from "../../support/node-gateway.ts";
import { alternate } from "../alternate.ts";
import type { Bench, Experiment } from "../bench.ts";
import { figure, makeRow } from "../row.ts";
import { median, percentile } from "../statistics.ts";
import { gitClone } from "./first-sync.ts";

const everyMs = 5;
const idleMs = 3_000;

const stores = ["files", "memory"] as const;
type StoreName = (typeof stores)[number];

/** The gateway's own mirror: one thread, one HTTP service, two stores, native clients. */
export const node: Experiment = {
  part: "node",
  ids: stores.flatMap((store) => ["first", "gap", "p99"].map((row) => `node.${row}-${store}`)),
  async measure(bench) {
    const { files, memory, clone } = await alternate(bench.log, bench.runs, {
      files: () => oneGateway(bench, "files"),
      memory: () => oneGateway(bench, "memory"),
      clone: () => gitClone(bench.site),
    });
    for (const [store, runs] of [["files", files] as const, ["memory", memory] as const]) {
      bench.emit(
        makeRow({
          id: `node.first-${store}`,
          unit: "ms",
          samples: runs.map(({ firstMs }) => firstMs),
          peer: { name: "git clone --depth 1 --bare", samples: clone },
          atMostTimes: 1.5,
          note: `with its indexes ${figure(median(runs.map(({ wholeMs }) => wholeMs)))} ms`,
        }),
      );
      bench.emit(
        makeRow({
          id: `node.gap-${store}`,
          unit: "ms",
          samples: runs.map(({ gapMs }) => gapMs),
          atMost: 16,
          note: "the first sync of a new process",
        }),
      );
      const idle = runs.map((run) => percentile(latencies(run.idle), 0.99));
      const wrong = runs.flatMap(({ idle: quiet, busy }) => [...quiet, ...busy]).filter(({ status }) => status !== 200);
      bench.emit(
        makeRow({
          id: `node.p99-${store}`,
          unit: "ms",
          samples: runs.map((run) => percentile(latencies(run.busy), 0.99)),
          peer: { name: "the same requests idle", samples: idle },
          atMost: 2 * median(idle) + 5,
          note: `p50 ${figure(median(runs.map((run) => median(latencies(run.busy)))))} ms, max ${figure(median(runs.map((run) => Math.max(...latencies(run.busy)))))} ms; ${wrong.length} errors`,
        }),
      );
    }
  },
};

/**
 * A new process clones the repository; then a second repository appears and is cloned as a whole while the first one serves. Both are
 * the same objects, so that the second clone is as much work as the first.
 */
async function oneGateway(bench: Bench, store: StoreName) {
  const folder = await mkdtemp(join(tmpdir(), "mirror-bench-node-"));
  let gateway: NodeGateway | null = null;
  try {
    const gitDir = join(folder, "repository.git");
    await git(["clone", "--quiet", "--bare", "--shared", "--branch", "master", bench.subject.gitDir, gitDir]);
    const previous = await git(["rev-parse", "refs/heads/previous"], { gitDir });
    gateway = await NodeGateway.start(
      [
        ...["--repository", `${gitDir}#master`, "--repository", `again=${gitDir}#appears-later`],
        ...(store === "memory" ? ["--memory"] : ["--data", join(folder, "data")]),
      ],
      "built",
    );
    return await measured(gateway, bench, () => git(["update-ref", "refs/heads/appears-later", previous], { gitDir }));
  } finally {
    await gateway?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function measured(gateway: NodeGateway, bench: Bench, appear: () => Promise<unknown>) {
  const first = await gateway.synced(1);
  await gateway.synced(2);
  const paths = bench.subject.paths.map((path) => `/opam/default/${path}`);
  const forMs = (ms: number) => {
    const end = performance.now() + ms;
    return gateway.askSteadily(paths, everyMs, () => performance.now() > end);
  };
  await forMs(paths.length * everyMs);
  const idle = await forMs(idleMs);
  await appear();
  await fetch(`${gateway.url}/opam/again/update`, { method: "POST" });
  const busy = await gateway.askSteadily(paths, everyMs, () => gateway.syncs.length > 2);
  const second = await gateway.synced(3);
  if (first.publishedMs === null || second.publishedMs === null) throw new Error("a sync published nothing");
  return { firstMs: first.publishedMs, wholeMs: first.durationMs, gapMs: first.longestGapMs, idle, busy };
}

function latencies(answers: readonly Answered[]): number[] {
  return answers.map(({ ms }) => ms);
}
