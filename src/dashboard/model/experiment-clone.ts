import { type ExperimentEnd, ExperimentProcess } from "../../client/experiment-process.ts";
import type { Aborting, Clock } from "../../core/cooperation/clock.ts";
import { withDeadline } from "../../core/cooperation/deadline.ts";
import type { YieldPolicy } from "../../core/cooperation/slice.ts";
import { MirrorError } from "../../core/errors.ts";
import type { RepositoryConfig } from "../../protocol/config.ts";
import type { ExperimentAnswer, ExperimentQuestion } from "../../protocol/experiment.ts";
import type { RepositoryStatus } from "../../protocol/status.ts";
import { sliceMs } from "./experiment-words.ts";
import { LatencyRecord } from "./latency-record.ts";

/** Every opam repository has this file. */
const path = "repo";
const askEveryMs = 10;
/** For loading the worker's script, and for answers that are still on their way when the clone has ended. */
const startMs = 20_000;
const lastAnswersMs = 3_000;

export interface CloneObserver {
  /** The clone starts, and so do the questions. */
  begun(record: LatencyRecord): void;
  progress(repository: RepositoryStatus): void;
}

/** One clone under one policy, asked all the time. Rejects with a MirrorError, or with the signal's reason. */
export type CloneRun = (policy: YieldPolicy, observer: CloneObserver, signal: Aborting) => Promise<ExperimentEnd>;

/** Runs in a dedicated worker of its own, which is gone however the run ends. */
export function cloneInWorker(base: string, clock: Clock, configuration: () => Promise<RepositoryConfig>): CloneRun {
  return async (policy, observer, signal) => {
    const repository = await configuration();
    signal.throwIfAborted();
    const process = new ExperimentProcess(
      { base, repository, policy, sliceMs, path },
      (status) => observer.progress(status),
      signal,
    );
    const over = new AbortController();
    try {
      const late = () => new MirrorError("deadline", { what: "The start of the experiment's worker", ms: startMs });
      await withDeadline(clock, Promise.race([process.begun, process.ended]), startMs, late);
      const record = new LatencyRecord(clock.now());
      observer.begun(record);
      const asked = ask(process.port, record, clock, over.signal);
      const end = await process.ended;
      over.abort();
      await asked;
      for (const until = clock.now() + lastAnswersMs; record.pending > 0 && clock.now() < until; ) await clock.sleep(5);
      return end;
    } finally {
      over.abort();
      process.stop();
    }
  };
}

async function ask(port: MessagePort, record: LatencyRecord, clock: Clock, over: Aborting): Promise<void> {
  port.onmessage = ({ data }: MessageEvent<ExperimentAnswer>) => record.answer(data.id, clock.now());
  while (!over.aborted) {
    port.postMessage({ id: record.ask(clock.now()) } satisfies ExperimentQuestion);
    await clock.sleep(askEveryMs, over).catch(() => undefined);
  }
}
