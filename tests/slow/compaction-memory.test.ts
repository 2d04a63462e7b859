import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { defaultLimits } from "../../src/core/git/limits.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { openFileStore } from "../../src/store/files.ts";
import { SnapshotReader } from "../../src/store/snapshot-reader.ts";
import { compactSnapshot } from "../../src/sync/compact.ts";
import { copyRepository } from "../fixtures/fixture-cache.ts";
import { pushChanges } from "../fixtures/push-changes.ts";
import { startHostileServer } from "../support/forge/hostile-replies.ts";
import { temporaryFolder } from "../support/gateway.ts";
import { macrotask, nodeSlice, openNodeMirror } from "../support/node-mirror.ts";
import { realData, skipReason } from "../support/real-data.ts";

// Packs are on the disk: what compaction takes is what its arrays hold. The old packs go through windows, the new one is whole in memory
// while it is verified, so that its size counts, and not how many packs there were.

const megabyte = 1e6;
/** Beside the new pack: room for 16 MiB of it is taken at once, and there are windows, inflated objects and tables. */
const besideMb = 40;
/** So few that no compaction is due before there are ten packs. */
const changedFiles = 40;

interface Run {
  readonly packs: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Growth of the bytes of all arrays above what there was before, and of arrays and objects together. */
  readonly arrays: number;
  readonly all: number;
}

/** Syncs the repository and so many states of it one after another, and compacts what came of it. */
async function compactionOf(repository: string, syncs: number): Promise<Run> {
  await using folder = await temporaryFolder();
  const gitDir = folder.at("remote.git");
  await copyRepository(repository, gitDir);
  const server = await startHostileServer(gitDir);
  const store = await openFileStore(folder.at("store"));
  const mirror = await openNodeMirror({ remote: server.url, branch: "master", store });
  try {
    for (let i = 0; i < syncs; i++) {
      if (i > 0) await pushChanges(gitDir, "master", changedFiles);
      expect((await mirror.sync()).lastSync?.error).toBeNull();
    }
    const record = async () => (await new SnapshotReader(store).current("default"))!.record;
    const bytesOf = async () => {
      const { packs } = await record();
      let bytes = 0;
      for (const key of packs) bytes += (await store.pack(key))!.size;
      return { packs: packs.length, bytes };
    };
    await mirror.engine.rest("default");
    const host = {
      store,
      fetch: () => Promise.reject(new Error("nothing is fetched")),
      clock: systemClock,
      macrotask,
      slice: nodeSlice,
      limits: defaultLimits,
      base: "http://localhost/",
      gitDirectory: (repository: string) => repository,
    };
    const { epoch } = (await store.repository("default"))!;
    const before = await bytesOf();
    // The bytes of arrays that were collected are counted until another thread has freed them.
    for (let i = 0; i < 3; i++) {
      collectGarbage();
      await sleep(100);
    }
    const first = process.memoryUsage();
    let [arrays, all] = [0, 0];
    let samples = 0;
    const timer = setInterval(() => {
      // What is held counts, not what is about to be collected.
      if (samples++ % 10 === 0) collectGarbage();
      const now = process.memoryUsage();
      arrays = Math.max(arrays, now.arrayBuffers - first.arrayBuffers);
      all = Math.max(all, now.arrayBuffers + now.heapUsed - first.arrayBuffers - first.heapUsed);
    }, 5);
    await compactSnapshot(host, await record(), epoch, new AbortController().signal);
    clearInterval(timer);
    const after = await bytesOf();
    expect(after.packs).toBe(1);
    return { packs: before.packs, bytesBefore: before.bytes, bytesAfter: after.bytes, arrays, all };
  } finally {
    await mirror.close();
    await server.close();
  }
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

test("compaction holds the new pack and no more than 40 MB beside it, however many packs there were", async (context) => {
  const real = realData();
  if (real === null) return context.skip(skipReason() ?? "");
  const runs: Run[] = [];
  for (const syncs of [2, 10]) {
    const run = await compactionOf(real.repository, syncs);
    const mb = (bytes: number) => (bytes / megabyte).toFixed(1);
    console.log(
      `${run.packs} packs of ${mb(run.bytesBefore)} MB into one of ${mb(run.bytesAfter)}: arrays grew by ${mb(run.arrays)} MB, with objects ${mb(run.all)} MB`,
    );
    runs.push(run);
  }
  expect(runs.map(({ packs }) => packs)).toEqual([2, 10]);
  for (const { arrays, bytesAfter } of runs) expect((arrays - bytesAfter) / megabyte).toBeLessThan(besideMb);
});
