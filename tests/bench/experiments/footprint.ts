import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { alternate } from "../alternate.ts";
import { type Bench, type Experiment, startEngine } from "../bench.ts";
import { Chromium } from "../chromium.ts";
import { watchMemory } from "../process-memory.ts";
import { untilAtRest } from "../rest.ts";
import { figure, makeRow } from "../row.ts";
import { median } from "../statistics.ts";
import { timedCommand } from "../timed-command.ts";
import { profileWorker } from "../worker-profile.ts";

const megabyte = 1e6;

export const footprint: Experiment = {
  part: "sync",
  ids: ["memory.worker", "disk.overhead", "index.tarball", "index.tarball-stored"],
  async measure(bench) {
    const { ours, tar } = await alternate(bench.log, bench.runs, {
      ours: () => oneProfile(bench),
      tar: () => tarTree(bench),
    });
    const growth = (of: (run: (typeof ours)[number]) => number) => figure(median(ours.map(of)) / megabyte);
    const packs = ours.map(({ packBytes }) => packBytes / megabyte);
    bench.emit(
      makeRow({
        id: "memory.worker",
        unit: "MB",
        samples: ours.map(({ memory }) => memory.renderer / megabyte),
        peer: { name: "the pack's bytes", samples: packs },
        atMostTimes: 9,
        note: `until it is published ${growth(({ memory, publishedMs }) => memory.rendererUntil(publishedMs))} MB; the browser process grew by ${growth(({ memory }) => memory.browser)} MB`,
      }),
    );
    const kinds = [...new Set(ours.flatMap(({ disk }) => [...disk.keys()]))];
    const sizes = kinds.map(
      (kind) => `${kind} ${figure(median(ours.map(({ disk }) => disk.get(kind) ?? 0)) / megabyte)}`,
    );
    bench.emit(
      makeRow({
        id: "disk.overhead",
        unit: "MB",
        samples: ours.map(({ disk }) => sum(disk.values()) / megabyte),
        peer: {
          name: "the bytes of pack and index.tar.gz",
          samples: ours.map(({ packBytes, tarballBytes }) => (packBytes + tarballBytes) / megabyte),
        },
        atMostTimes: 1.3,
        note: sizes.join(", "),
      }),
    );
    bench.emit(
      makeRow({
        id: "index.tarball",
        unit: "ms",
        samples: ours.map(({ indexMs }) => indexMs),
        peer: { name: "tar czf of the same files", samples: tar },
        atMostTimes: 1.5,
        note: "as the engine makes it, right after the snapshot was published",
      }),
    );
    bench.emit(
      makeRow({
        id: "index.tarball-stored",
        unit: "ms",
        samples: ours.map(({ tarballMs }) => tarballMs),
        peer: { name: "tar czf of the same files", samples: tar },
        note: "from the stored snapshot, in a new worker: when a first index was lost",
      }),
    );
  },
};

/** A first sync in a new profile, what it took, and what it left. */
async function oneProfile(bench: Bench) {
  const profile = await mkdtemp(join(tmpdir(), "mirror-bench-profile-"));
  try {
    const chromium = await Chromium.launch(profile);
    let figures: {
      packBytes: number;
      tarballBytes: number;
      publishedMs: number;
      tarballMs: number;
      indexMs: number;
      memory: ReturnType<ReturnType<typeof watchMemory>>;
    };
    try {
      const tab = await chromium.open(bench.site.page);
      await untilAtRest();
      await startEngine(tab);
      const watched = watchMemory(chromium.pid);
      const sync = await tab.evaluate((branch) => globalThis.bench.sync(branch), "master");
      const memory = watched();
      const { packBytes, tarballBytes, publishedMs } = sync;
      const at = (step: string) => sync.steps.find((one) => one.step === step)!.atMs;
      const indexMs = at("indexed") - at("archives");
      // In a page and a worker of their own: what the sync has warmed up is not there.
      await tab.goto(bench.site.page);
      await startEngine(tab);
      const build = () => tab.evaluate(() => globalThis.bench.buildTarball());
      const { profiles } = bench.options;
      const { ms } = await (profiles === null
        ? build()
        : profileWorker(tab, join(profiles, "tarball.cpuprofile"), build));
      figures = { packBytes, tarballBytes, publishedMs, tarballMs: ms, indexMs, memory };
    } finally {
      await chromium.close();
    }
    return { ...figures, disk: await databaseFiles(join(profile, "Default", "IndexedDB")) };
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

/** Bytes by what they are, of everything that Chromium keeps for IndexedDB. */
async function databaseFiles(folder: string): Promise<Map<string, number>> {
  const bytes = new Map<string, number>();
  for (const name of await readdir(folder, { recursive: true })) {
    const found = await stat(join(folder, name));
    if (!found.isFile()) continue;
    const kind = name.includes(".indexeddb.blob")
      ? "blobs"
      : name.endsWith(".log")
        ? "database log"
        : "database tables";
    bytes.set(kind, (bytes.get(kind) ?? 0) + found.size);
  }
  return bytes;
}

async function tarTree(bench: Bench): Promise<number> {
  // Into a file: GNU tar reads nothing when it writes to /dev/null.
  const folder = await mkdtemp(join(tmpdir(), "mirror-bench-tar-"));
  try {
    return await timedCommand("tar", ["czf", join(folder, "index.tar.gz"), "-C", bench.subject.tree, "."]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
