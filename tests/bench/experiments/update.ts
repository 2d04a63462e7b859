import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeFetchRequest } from "../../../src/core/git/fetch-request.ts";
import { git } from "../../fixtures/git-command.ts";
import { alternate } from "../alternate.ts";
import { type Bench, type Experiment, inFreshChromium, startEngine } from "../bench.ts";
import { type CountingProxy, countingProxy } from "../counting-proxy.ts";
import { watchMemory } from "../process-memory.ts";
import { figure, makeRow } from "../row.ts";
import type { Site } from "../site.ts";
import { median } from "../statistics.ts";
import { timedCommand } from "../timed-command.ts";
import { stepsNote } from "./first-sync.ts";

const megabyte = 1e6;

/** From `previous` to `master`: a week of commits. */
export const update: Experiment = {
  part: "sync",
  ids: [
    "sync.update",
    "sync.update-answer",
    "sync.update-bytes",
    "sync.poll-bytes",
    "archive.index",
    "archive.index-update",
    "sync.compaction",
    "sync.compacted-bytes",
    "memory.compaction",
  ],
  async measure(bench) {
    const proxy = await countingProxy(bench.site.base);
    const counted: Site = {
      ...bench.site,
      base: proxy.base,
      page: `${proxy.base}bench/page.html`,
      git: `${proxy.base}git/default`,
    };
    try {
      const { ours, native, answer, bytes } = await alternate(bench.log, bench.runs, {
        ours: () => ourUpdate(bench.site),
        native: () => gitUpdate(bench.site, null),
        answer: () => bareAnswer(bench),
        bytes: async () => ({ ours: await ourBytes(counted, proxy), git: (await gitUpdate(counted, proxy)).bytes }),
      });
      bench.emit(
        makeRow({
          id: "sync.update",
          unit: "ms",
          samples: ours.map((run) => run.update.publishedMs),
          peer: { name: "the first sync", samples: ours.map((run) => run.first.publishedMs) },
          atMostTimes: 0.15,
          note: `in a new worker; ${stepsNote(ours.map((run) => run.update))}; git fetch --depth 1 takes ${figure(median(native.map(({ ms }) => ms)))} ms`,
        }),
      );
      bench.emit(
        makeRow({
          id: "sync.update-answer",
          unit: "ms",
          samples: answer,
          peer: { name: "the first sync", samples: ours.map((run) => run.first.publishedMs) },
          note: "the remote's part of that update: the same two questions, by a client that throws the answers away",
        }),
      );
      bench.emit(
        makeRow({
          id: "sync.update-bytes",
          unit: "B",
          samples: bytes.map((run) => run.ours.update),
          peer: { name: "git fetch --depth 1", samples: bytes.map((run) => run.git) },
          atMostTimes: 1.02,
          note: "all that is answered, discovery included",
        }),
      );
      bench.emit(
        makeRow({
          id: "sync.poll-bytes",
          unit: "B",
          samples: bytes.map((run) => run.ours.poll),
          atMost: 500,
          note: "an update that finds nothing new",
        }),
      );
      bench.emit(
        makeRow({
          id: "archive.index",
          unit: "ms",
          samples: ours.map(({ first }) => first.archivesMs - first.publishedMs),
          peer: { name: "the first sync", samples: ours.map(({ first }) => first.publishedMs) },
          atMostTimes: 0.6,
          note: "after the package files are servable; index.tar.gz is made after it",
        }),
      );
      bench.emit(
        makeRow({
          id: "archive.index-update",
          unit: "ms",
          samples: ours.map((run) => run.update.archivesMs - run.update.publishedMs),
          atMost: 40,
          note: "of that update, in a new worker, after the package files are servable",
        }),
      );
      bench.emit(
        makeRow({
          id: "sync.compaction",
          unit: "ms",
          samples: ours.map((run) => run.compaction.ms),
          peer: { name: "the first sync", samples: ours.map((run) => run.first.publishedMs) },
          note: "of the two packs after that update, in the background",
        }),
      );
      bench.emit(
        makeRow({
          id: "sync.compacted-bytes",
          unit: "B",
          samples: ours.map((run) => run.compaction.bytesAfter),
          peer: { name: "the pack of a fresh clone", samples: ours.map(() => bench.subject.packBytes) },
          atMostTimes: 1.3,
          note: `${figure(median(ours.map((run) => run.compaction.bytesBefore)))} B in two packs before`,
        }),
      );
      bench.emit(
        makeRow({
          id: "memory.compaction",
          unit: "MB",
          samples: ours.map((run) => run.memory.renderer / megabyte),
          peer: { name: "the bytes of the new pack", samples: ours.map((run) => run.compaction.bytesAfter / megabyte) },
          note: `in the worker of that update, beyond what this had taken; the browser process grew by ${figure(median(ours.map((run) => run.memory.browser)) / megabyte)} MB`,
        }),
      );
    } finally {
      await proxy.close();
    }
  },
};

function ourUpdate(site: Site) {
  return inFreshChromium(site, async (tab, chromium) => {
    await startEngine(tab);
    const first = await tab.evaluate(() => globalThis.bench.sync("previous"));
    // A mirror that was opened again: nothing of it is compiled.
    await startEngine(tab);
    const update = await tab.evaluate(() => globalThis.bench.updateTo("master"));
    const watched = watchMemory(chromium.pid);
    const compaction = await tab.evaluate(() => globalThis.bench.compact());
    return { first, update, compaction, memory: watched() };
  });
}

function ourBytes(site: Site, proxy: CountingProxy): Promise<{ update: number; poll: number }> {
  return inFreshChromium(site, async (tab) => {
    await startEngine(tab);
    await tab.evaluate(() => globalThis.bench.sync("previous"));
    proxy.count();
    await tab.evaluate(() => globalThis.bench.updateTo("master"));
    const update = proxy.count();
    await tab.evaluate(() => globalThis.bench.updateTo("master"));
    return { update, poll: proxy.count() };
  });
}

/** Milliseconds until the remote has said which commit it has, and sent the pack of that week. */
async function bareAnswer({ site, subject }: Bench): Promise<number> {
  const oid = async (branch: string) =>
    (await git(["rev-parse", `refs/heads/${branch}`], { gitDir: subject.gitDir })).trim();
  const [want, have] = await Promise.all([oid("master"), oid("previous")]);
  const headers = { "git-protocol": "version=2", "content-type": "application/x-git-upload-pack-request" };
  const body = encodeFetchRequest({ agent: "bench", wants: [want], haves: [have], shallow: [have], depth: 1 });
  const begun = performance.now();
  const refs = await fetch(`${site.git}/info/refs?service=git-upload-pack`, { headers });
  await refs.arrayBuffer();
  const pack = await fetch(`${site.git}/git-upload-pack`, { method: "POST", headers, body });
  if (!pack.ok || (await pack.arrayBuffer()).byteLength < 1000) throw new Error("The remote sent no pack.");
  return performance.now() - begun;
}

async function gitUpdate(site: Site, proxy: CountingProxy | null): Promise<{ ms: number; bytes: number }> {
  const folder = await mkdtemp(join(tmpdir(), "mirror-bench-fetch-"));
  try {
    const clone = join(folder, "clone.git");
    await timedCommand("git", ["clone", "--quiet", "--depth", "1", "--bare", "--branch", "previous", site.git, clone]);
    proxy?.count();
    const ms = await timedCommand("git", ["--git-dir", clone, "fetch", "--quiet", "--depth", "1", "origin", "master"]);
    return { ms, bytes: proxy?.count() ?? 0 };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
