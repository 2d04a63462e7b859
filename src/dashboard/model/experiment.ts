import { type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { ExperimentEnd } from "../../client/experiment-process.ts";
import type { Clock } from "../../core/cooperation/clock.ts";
import type { YieldPolicy } from "../../core/cooperation/slice.ts";
import { type ErrorRecord, errorRecord, MirrorError } from "../../core/errors.ts";
import type { RepositoryStatus } from "../../protocol/status.ts";
import type { CloneRun } from "./experiment-clone.ts";
import { finding, type Measured, policies } from "./experiment-words.ts";
import { type LatencyRecord, type LatencySample, type LatencySummary, summarise } from "./latency-record.ts";

/** Seldom, because drawing holds the thread that keeps the time. */
const redrawMs = 400;

export type TrialState = "waiting" | "running" | "done" | "stopped" | "failed";

/** One policy's run, as it is shown. */
export interface Trial {
  readonly policy: YieldPolicy;
  readonly state: TrialState;
  /** The clone's own progress; null before its first report. */
  readonly repository: RepositoryStatus | null;
  readonly elapsedMs: number;
  readonly samples: readonly LatencySample[];
  readonly end: (ExperimentEnd & { readonly summary: LatencySummary }) | null;
  /** The page was hidden meanwhile: browsers slow hidden pages down. */
  readonly hidden: boolean;
}

/** The runs, one after the other. Lives in memory only; knows no DOM, and clones by what it is given. */
export class Experiment {
  readonly #clock: Clock;
  readonly #clone: CloneRun;
  readonly #hidden: () => boolean;
  readonly #trials: Signal<readonly Trial[]> = signal(policies.map(({ policy }) => untried(policy)));
  readonly #running: Signal<AbortController | null> = signal(null);
  readonly chosen: Signal<ReadonlySet<YieldPolicy>> = signal(new Set(policies.map(({ policy }) => policy)));
  readonly failure: Signal<ErrorRecord | null> = signal(null);
  /** What a screen reader is told next. */
  readonly said: Signal<string> = signal("");

  constructor(clock: Clock, clone: CloneRun, hidden: () => boolean) {
    this.#clock = clock;
    this.#clone = clone;
    this.#hidden = hidden;
  }

  get trials(): ReadonlySignal<readonly Trial[]> {
    return this.#trials;
  }

  get running(): boolean {
    return this.#running.value !== null;
  }

  /** Complete runs, in their order. */
  get measured(): readonly Measured[] {
    return this.#trials.value.flatMap(({ policy, end }) =>
      end === null ? [] : [{ policy, durationMs: end.durationMs, summary: end.summary }],
    );
  }

  choose(policy: YieldPolicy, wanted: boolean): void {
    const chosen = new Set(this.chosen.value);
    if (wanted) chosen.add(policy);
    else chosen.delete(policy);
    this.chosen.value = chosen;
  }

  /** Runs the chosen policies; what was measured of them before is forgotten. Never rejects: a failure is shown. */
  async run(): Promise<void> {
    if (this.running || this.chosen.value.size === 0) return;
    const stop = new AbortController();
    const chosen = policies.filter(({ policy }) => this.chosen.value.has(policy));
    this.#running.value = stop;
    this.failure.value = null;
    for (const { policy } of chosen) this.#set(untried(policy));
    try {
      for (const { policy, title } of chosen) {
        this.said.value = `Running: ${title}.`;
        await this.#try(policy, stop);
      }
      this.said.value = finding(this.measured) ?? "";
    } catch (thrown) {
      if (stop.signal.aborted) this.said.value = "Stopped.";
      else this.failure.value = errorRecord(thrown);
    } finally {
      if (this.#running.value === stop) this.#running.value = null;
    }
  }

  stop(): void {
    this.#running.value?.abort(new MirrorError("aborted", { what: "The experiment" }));
  }

  async #try(policy: YieldPolicy, stop: AbortController): Promise<void> {
    let record: LatencyRecord | null = null;
    let began = this.#clock.now();
    let trial: Trial = { ...untried(policy), state: "running" };
    const show = (over: Partial<Trial>) => {
      const now = this.#clock.now();
      const seen = {
        elapsedMs: now - began,
        samples: record?.samples(now) ?? [],
        hidden: trial.hidden || this.#hidden(),
      };
      trial = { ...trial, ...seen, ...over };
      this.#set(trial);
    };
    const drawing = new AbortController();
    const draw = async () => {
      while (!drawing.signal.aborted) {
        show({});
        await this.#clock.sleep(redrawMs, drawing.signal).catch(() => undefined);
      }
    };
    const drawn = draw();
    const observer = {
      begun: (begun: LatencyRecord) => {
        record = begun;
        began = this.#clock.now();
      },
      progress: (repository: RepositoryStatus) => {
        trial = { ...trial, repository };
      },
    };
    try {
      const end = await this.#clone(policy, observer, stop.signal);
      drawing.abort();
      await drawn;
      show({ state: "done" });
      // What was asked after the end says nothing about the clone.
      const samples = trial.samples.filter(({ at }) => at <= end.durationMs);
      this.#set({ ...trial, samples, elapsedMs: end.durationMs, end: { ...end, summary: summarise(samples) } });
    } catch (thrown) {
      drawing.abort();
      await drawn;
      show({ state: stop.signal.aborted ? "stopped" : "failed" });
      throw thrown;
    }
  }

  #set(trial: Trial): void {
    this.#trials.value = this.#trials.value.map((one) => (one.policy === trial.policy ? trial : one));
  }
}

function untried(policy: YieldPolicy): Trial {
  return { policy, state: "waiting", repository: null, elapsedMs: 0, samples: [], end: null, hidden: false };
}
