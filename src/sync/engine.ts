import { AvailabilityMeter } from "../core/cooperation/meter.ts";
import { asMirrorError, type ErrorRecord, MirrorError } from "../core/errors.ts";
import type { RepositoryConfig } from "../protocol/config.ts";
import type { Engine, EngineStatus, LiveAnswer, UpdateOrder } from "../protocol/messages.ts";
import type { AvailabilityStatus, LastSync, RepositoryStatus } from "../protocol/status.ts";
import { isLost, noteDamage } from "./damage.ts";
import { defaultGitDeadlines, type SyncHost } from "./host.ts";
import { LiveClone } from "./live-clone.ts";
import { isPassing } from "./passing-failure.ts";
import { RepositoryProgress } from "./repository-progress.ts";
import { RetiredSnapshots } from "./retired-snapshots.ts";
import { type SyncOutcome, syncRepository } from "./sync.ts";
import { noChanges, type TreeChanges } from "./tree-changes.ts";
import { Upkeep } from "./upkeep.ts";

export interface EngineListener {
  progress(repository: RepositoryStatus, availability: AvailabilityStatus): void;
  published(repository: string, snapshot: string): void;
}

interface Followed {
  readonly config: RepositoryConfig;
  readonly progress: RepositoryProgress;
  running: {
    readonly done: Promise<void>;
    readonly abort: AbortController;
    live: LiveClone | null;
    acceptOlder: boolean;
    /** The remote has been asked what it has: what it gets from now on is not seen by this sync. */
    asked: boolean;
    /** An order came after that. */
    again: boolean;
  } | null;
}

const reportMs = 150;

/** Syncs the configured repositories into the store, one at a time each, and answers for clones in progress. Runs in any host. */
export class SyncEngine implements Engine {
  readonly #host: SyncHost;
  readonly #listener: EngineListener;
  readonly #meter: AvailabilityMeter;
  readonly #followed: Map<string, Followed> = new Map();
  readonly #retired: RetiredSnapshots;
  readonly #upkeep: Upkeep;

  constructor(host: SyncHost, listener: EngineListener) {
    this.#host = host;
    this.#listener = listener;
    this.#meter = new AvailabilityMeter(host.clock, host.macrotask);
    this.#retired = new RetiredSnapshots(host.store, host.clock, (but) =>
      [...this.#followed].some(([name, { running }]) => name !== but && (running !== null || this.#upkeep.busy(name))),
    );
    this.#upkeep = new Upkeep(host, this.#retired, {
      published: (repository, snapshot) => listener.published(repository, snapshot),
      damaged: (repository) => void this.update(repository),
      failed: (repository, epoch, error) => this.#notCompacted(repository, epoch, error),
    });
  }

  /** Takes over these repositories; those followed before are left as they are. */
  async follow(configs: readonly RepositoryConfig[]): Promise<void> {
    for (const config of configs) {
      const record = await this.#host.store.configure(config);
      const progress = await RepositoryProgress.load(this.#host.store, record);
      if (!this.#followed.has(config.name)) this.#followed.set(config.name, { config, progress, running: null });
    }
  }

  async status(): Promise<EngineStatus> {
    return {
      repositories: [...this.#followed.values()].map(({ progress }) => progress.status()),
      availability: this.#meter.read(),
    };
  }

  /** Says how every repository stands, for somebody who has just begun to listen. */
  announce(): void {
    for (const { progress } of this.#followed.values()) this.#listener.progress(progress.status(), this.#meter.read());
  }

  async answered(latencies: readonly number[]): Promise<void> {
    for (const ms of latencies) this.#meter.answered(ms);
  }

  /** Whoever orders one is served what the remote has at that moment, or later: a sync that asked before is followed by another. */
  async update(repository: string, order: UpdateOrder = {}): Promise<"started" | "running" | "unknown"> {
    const followed = this.#followed.get(repository);
    if (followed === undefined) return "unknown";
    const acceptOlder = order.acceptOlder === true;
    if (followed.running !== null) {
      followed.running.acceptOlder ||= acceptOlder;
      followed.running.again ||= followed.running.asked;
      return "running";
    }
    const running: NonNullable<Followed["running"]> = {
      abort: new AbortController(),
      live: null,
      acceptOlder,
      asked: false,
      again: false,
      done: Promise.resolve(),
    };
    followed.running = running;
    const done = this.#runs(followed, running);
    followed.running = Object.assign(running, { done });
    return "started";
  }

  async settled(repository: string): Promise<RepositoryStatus | null> {
    const followed = this.#followed.get(repository);
    if (followed === undefined) return null;
    await followed.running?.done;
    return followed.progress.status();
  }

  async live(repository: string, path: string, waitMs: number): Promise<LiveAnswer> {
    const running = this.#followed.get(repository)?.running;
    if (!running) return { type: "idle" };
    if (running.live !== null) return running.live.answer(path, waitMs);
    return { type: "pending", secondsLeft: 1 };
  }

  /** Resolves when neither a sync nor what follows one in the background runs. */
  async rest(repository: string): Promise<void> {
    do {
      await this.#upkeep.rest(repository);
      await this.settled(repository);
    } while (this.#upkeep.busy(repository));
  }

  /** Resolves when nothing runs for any repository. */
  async idle(): Promise<void> {
    const busy = ([name, { running }]: [string, Followed]) => running !== null || this.#upkeep.busy(name);
    for (let one = [...this.#followed].find(busy); one !== undefined; one = [...this.#followed].find(busy))
      await this.rest(one[0]);
  }

  /** Stops all syncs; resolves when nothing of them runs any more. */
  async close(): Promise<void> {
    for (const { running } of this.#followed.values())
      running?.abort.abort(new MirrorError("aborted", { what: "The sync" }));
    for (const { running } of this.#followed.values()) await running?.done;
    for (const name of this.#followed.keys()) await this.#upkeep.stop(name);
    this.#retired.close();
  }

  async #runs(followed: Followed, running: NonNullable<Followed["running"]>): Promise<void> {
    while (followed.running === running) await this.#run(followed, running);
  }

  /** One sync; `followed.running` is null afterwards unless another one is to follow. */
  async #run(followed: Followed, running: NonNullable<Followed["running"]>): Promise<void> {
    const { clock, store } = this.#host;
    const { config, progress } = followed;
    const startedAt = clock.wall();
    const begun = clock.now();
    const stopMeter = this.#meter.start();
    progress.begin();
    const reporting = new AbortController();
    const reports = this.#report(progress, reporting.signal);
    let changes: TreeChanges = noChanges;
    let error: ErrorRecord | null = null;
    let epoch = 0;
    try {
      await this.#upkeep.stop(config.name);
      epoch = await this.#takeEpoch(followed);
      try {
        ({ changes } = await this.#attempts(followed, running, epoch));
      } catch (thrown) {
        if (!isLost(thrown) || running.abort.signal.aborted) throw thrown;
        // Once more, without what was lost: not marked, it would be built upon again.
        await noteDamage(store, config.name, thrown);
        epoch = await this.#takeEpoch(followed);
        ({ changes } = await this.#attempts(followed, running, epoch));
      }
    } catch (thrown) {
      error = asMirrorError(thrown).toJSON();
    }
    const lastSync: LastSync = {
      startedAt: new Date(startedAt).toISOString(),
      durationMs: Math.round(clock.now() - begun),
      changedFiles: changes.added + changes.changed + changes.removed,
      error,
    };
    running.live?.close();
    // Whoever took over collects and reports: what this engine takes for an orphan may be a pack of the other's.
    const fenced = error?.code === "fenced-out";
    if (!fenced) await store.saveLastSync(config.name, epoch, lastSync, progress.branch).catch(() => undefined);
    if (!fenced && !running.abort.signal.aborted) await this.#retired.collect(config.name);
    stopMeter();
    reporting.abort();
    await reports;
    progress.end(lastSync);
    if (fenced || running.abort.signal.aborted || !running.again) followed.running = null;
    if (error === null && !running.abort.signal.aborted) this.#upkeep.begin(config.name, epoch, changes.removed);
    if (!fenced) this.#listener.progress(progress.status(), this.#meter.read());
  }

  async #notCompacted(repository: string, epoch: number, error: ErrorRecord): Promise<void> {
    const progress = this.#followed.get(repository)?.progress;
    const lastSync = progress?.notCompacted(error);
    if (progress === undefined || !lastSync) return;
    // Where there is no room for packs there may be none for this either.
    await this.#host.store.saveLastSync(repository, epoch, lastSync, progress.branch).catch(() => undefined);
    this.#listener.progress(progress.status(), this.#meter.read());
  }

  /** Configures what an emptied database has forgotten, so that it is cloned again, and takes the epoch of a sync. */
  async #takeEpoch({ config, progress }: Followed): Promise<number> {
    const { store } = this.#host;
    for (const followed of this.#followed.values()) {
      if ((await store.repository(followed.config.name)) === undefined) await store.configure(followed.config);
    }
    const epoch = await store.takeEpoch(config.name);
    // From here on nobody else publishes.
    await progress.look(store);
    return epoch;
  }

  /** Tries again after a broken connection, with growing, jittered waits; what the remote said clearly is final. */
  async #attempts(followed: Followed, running: NonNullable<Followed["running"]>, epoch: number): Promise<SyncOutcome> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#attempt(followed, running, epoch);
      } catch (thrown) {
        running.live?.close();
        running.live = null;
        const wait = (this.#host.deadlines ?? defaultGitDeadlines).retries[attempt];
        if (wait === undefined || !isPassing(thrown) || running.abort.signal.aborted) throw thrown;
        await this.#host.clock.sleep(wait * (0.75 + Math.random() / 2), running.abort.signal);
      }
    }
  }

  async #attempt(followed: Followed, running: NonNullable<Followed["running"]>, epoch: number): Promise<SyncOutcome> {
    const { clock } = this.#host;
    const { config, progress } = followed;
    const slice = this.#host.slice();
    slice.onResume = () => running.live?.tick();
    let commit = "";
    running.asked = true;
    running.again = false;
    return syncRepository(
      this.#host,
      config,
      epoch,
      slice,
      {
        phase: (phase) => progress.enter(phase),
        discovered: (tip) => {
          commit = tip.commit;
          progress.branch = tip.branch;
        },
        begun: (reader) => {
          progress.watch(reader, clock);
          running.live = new LiveClone(reader, commit, clock, () => progress.secondsLeft());
        },
        received: (bytes) => progress.received(bytes),
        remoteSays: () => undefined,
        indexed: (archives) => progress.indexed(archives),
        acceptsOlder: () => running.acceptOlder,
        known: () => progress.known,
        published: (snapshot, replaced) => {
          this.#retired.retire(replaced);
          progress.published(snapshot);
          running.live?.close();
          running.live = null;
          this.#listener.published(config.name, snapshot.id);
        },
      },
      running.abort.signal,
    );
  }

  async #report(progress: RepositoryProgress, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#listener.progress(progress.status(), this.#meter.read());
      await this.#host.clock.sleep(reportMs, signal).catch(() => undefined);
    }
  }
}
