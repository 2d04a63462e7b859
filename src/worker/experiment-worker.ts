/// <reference lib="webworker" />
import "../platform/node-globals.ts";
import { AvailabilityMeter } from "../core/cooperation/meter.ts";
import { Slice } from "../core/cooperation/slice.ts";
import { asMirrorError, errorRecord, MirrorError } from "../core/errors.ts";
import { defaultLimits } from "../core/git/limits.ts";
import { systemClock } from "../platform/clock.ts";
import { messageChannelMacrotask } from "../platform/macrotask.ts";
import type {
  ExperimentAnswer,
  ExperimentOrder,
  ExperimentQuestion,
  ExperimentReport,
} from "../protocol/experiment.ts";
import { protocolVersion } from "../protocol/messages.ts";
import { scopeNames } from "../protocol/names.ts";
import { createMemoryStore } from "../store/memory.ts";
import { MemoryContents } from "../store/memory-contents.ts";
import { SnapshotReader } from "../store/snapshot-reader.ts";
import { SyncEngine } from "../sync/engine.ts";

declare const self: DedicatedWorkerGlobalScope;

/** How long the heartbeat may still report a gap that ended with the clone. */
const settleMs = 100;

const say = (report: ExperimentReport) => self.postMessage(report);
const protocol = protocolVersion;

/**
 * One clone into memory under one policy, and answers for whoever asks meanwhile. Its page terminates the worker afterwards, so
 * that nothing of it is left: the store, the Git directory and the locks are this worker's own.
 */
async function run({ base, repository, policy, sliceMs, path, port }: ExperimentOrder): Promise<void> {
  const macrotask = messageChannelMacrotask();
  const slices: Slice[] = [];
  const slice = () => {
    const made = new Slice(systemClock, macrotask, sliceMs, policy);
    slices.push(made);
    return made;
  };
  const store = createMemoryStore(new MemoryContents(), slice());
  let received = { objects: 0, bytes: 0 };
  const engine = new SyncEngine(
    {
      store,
      fetch: (url, init) => fetch(url, init),
      clock: systemClock,
      macrotask,
      slice,
      limits: defaultLimits,
      base,
      // LightningFS locks the name: the mirror's own worker must not be kept waiting for it.
      gitDirectory: (name) => `${scopeNames(base).gitDirectory(name)}:experiment:${policy}:${systemClock.wall()}`,
    },
    {
      progress: (status) => {
        const { totalObjects, bytes } = status.progress;
        if (totalObjects > 0) received = { objects: totalObjects, bytes };
        say({ type: "progress", protocol, repository: status });
      },
      published: () => undefined,
    },
  );
  await engine.follow([repository]);
  const snapshots = new SnapshotReader(store);
  answerQuestions(port as MessagePort, async () => {
    const live = await engine.live(repository.name, path, 0);
    if (live.type === "file") return true;
    return live.type === "idle" && (await (await snapshots.current(repository.name))?.read(path)) !== undefined;
  });

  const meter = new AvailabilityMeter(systemClock, macrotask);
  const stopMeter = meter.start();
  say({ type: "begun", protocol });
  await engine.update(repository.name);
  const { lastSync } = (await engine.settled(repository.name)) ?? {};
  await systemClock.sleep(settleMs);
  stopMeter();
  if (!lastSync) throw new MirrorError("internal", { reason: "the clone ended without a result" });
  if (lastSync.error !== null) throw asMirrorError(lastSync.error);
  const pauses = slices.reduce((sum, made) => sum + made.pauses, 0);
  const { longestGapMs } = meter.read();
  say({ type: "ended", protocol, durationMs: lastSync.durationMs, longestGapMs, pauses, ...received });
}

function answerQuestions(port: MessagePort, find: () => Promise<boolean>): void {
  port.onmessage = ({ data }: MessageEvent<ExperimentQuestion>) => {
    const answer = (found: boolean) => port.postMessage({ id: data.id, found } satisfies ExperimentAnswer);
    find().then(answer, () => answer(false));
  };
}

self.onmessage = ({ data }: MessageEvent<ExperimentOrder>) => {
  if (data.protocol !== protocol) return;
  run(data).catch((thrown: unknown) => say({ type: "failed", protocol, error: errorRecord(thrown) }));
};
