import type { Clock } from "../core/cooperation/clock.ts";
import type { RepositoryConfig } from "../protocol/config.ts";
import type { UpdateOrder } from "../protocol/messages.ts";
import type { RepositoryRecord } from "../store/records.ts";
import { unfinished } from "../store/repository-record.ts";
import type { SyncEngine } from "../sync/engine.ts";
import type { StartedEngine } from "./engine-start.ts";

/** What the service worker's thread is asked for; all of it is of the browser. */
export interface ResidentHost {
  readonly clock: Clock;
  readonly locks: Pick<LockManager, "query" | "request">;
  readonly leaderLock: string;
  readonly repositories: () => Promise<readonly RepositoryRecord[]>;
  /** Tells whoever leads. Told again under the same id it is the same order. */
  readonly tell: (repository: string, order: UpdateOrder, id: string) => void;
  /** Asks whoever leads for a sign of life; false when none comes in time. */
  readonly leaderAnswers: () => Promise<boolean>;
  /** Whether there are pages, one of which may be about to lead. */
  readonly hasPages: () => Promise<boolean>;
  readonly start: (repositories: readonly RepositoryConfig[]) => Promise<StartedEngine>;
  /** The engine of this thread from now on, or null. */
  readonly engineChanged: (engine: SyncEngine | null) => void;
}

interface Wish {
  readonly order: UpdateOrder;
  readonly id: string;
}

/** How long a page that is opening or reloading may take to lead; a sync in a worker of its own is better than one here. */
const pageMs = 1_000;
const pollMs = 50;
/** A tab may end in the middle of a sync at any time, and nobody says so: whoever asks for something makes this thread look again. */
const lookEveryMs = 5_000;
/** A sync that was interrupted so often is left to somebody who asks for it: it may be what ends this thread. */
const mostInterrupted = 3;

/**
 * Syncs in this thread when no tab does: the same engine under the same lock and epochs. A service worker is stopped at will; what it was
 * asked to do and has not done is seen in the repository's record by the next one.
 */
export class ResidentSync {
  readonly #host: ResidentHost;
  readonly #wanted: Map<string, Wish> = new Map();
  #working: Promise<void> | null = null;
  #engine: SyncEngine | null = null;
  #looking: Promise<void> | null = null;
  #lookAgainAt = -Infinity;

  constructor(host: ResidentHost) {
    this.#host = host;
  }

  /** Whether something is done here: then the thread is to be kept alive until `rest` resolves. */
  get busy(): boolean {
    return this.#working !== null;
  }

  /** Whether `resume` was called a moment ago. */
  get looked(): boolean {
    return this.#host.clock.now() < this.#lookAgainAt;
  }

  /** Sees to it that the repository is synced, by a tab or here. */
  update(repository: string, order: UpdateOrder = {}): void {
    if (this.#engine !== null) {
      void this.#engine.update(repository, order);
      return;
    }
    const id = crypto.randomUUID();
    this.#host.tell(repository, order, id);
    this.#wanted.set(repository, { order, id });
    this.#working ??= this.#work()
      .catch(() => undefined)
      .finally(() => {
        this.#working = null;
      });
  }

  /** Goes on with what another service worker, or a tab, was doing when it was stopped. Looks every five seconds at most, and never rejects. */
  resume(): Promise<void> {
    if (this.#looking === null || !this.looked) {
      this.#lookAgainAt = this.#host.clock.now() + lookEveryMs;
      this.#looking = this.#look().catch(() => undefined);
    }
    return this.#looking;
  }

  /** Resolves when nothing is done here any more. Never rejects. */
  async rest(): Promise<void> {
    while (this.#working !== null) await this.#working;
  }

  async #look(): Promise<void> {
    if (this.busy || (await this.#isLed())) return;
    for (const record of await this.#host.repositories()) {
      const times = unfinished(record);
      if (times > 0 && times <= mostInterrupted) this.update(record.name);
    }
  }

  async #work(): Promise<void> {
    const { locks, leaderLock } = this.#host;
    while (this.#wanted.size > 0) {
      const led = await this.#leaderComes();
      if (led && (await this.#host.leaderAnswers())) {
        for (const [repository, { order, id }] of this.#wanted) this.#host.tell(repository, order, id);
        return this.#wanted.clear();
      }
      // Who holds the lock and is silent loses it: its older epoch keeps it from publishing.
      const options = led ? { steal: true } : { ifAvailable: true };
      const lead = (lock: Lock | null) => (lock === null ? undefined : this.#lead());
      await locks.request(leaderLock, options, lead).catch(async (thrown: unknown) => {
        // Taken away, while the engine may still run.
        await this.#engine?.close();
        throw thrown;
      });
    }
  }

  /** Whether somebody leads, or does so in a moment. */
  async #leaderComes(): Promise<boolean> {
    const { clock, hasPages } = this.#host;
    const until = clock.now() + ((await hasPages()) ? pageMs : 0);
    for (;;) {
      if (await this.#isLed()) return true;
      if (clock.now() >= until) return false;
      await clock.sleep(pollMs);
    }
  }

  async #isLed(): Promise<boolean> {
    const { held = [] } = await this.#host.locks.query();
    return held.some(({ name }) => name === this.#host.leaderLock);
  }

  /** Under the lock. The engine stays until neither a sync nor what follows one in the background runs. */
  async #lead(): Promise<void> {
    const names = [...this.#wanted.keys()];
    let started: StartedEngine;
    try {
      const repositories = (await this.#host.repositories()).map(({ config }) => config);
      started = await this.#host.start(repositories);
    } catch (thrown) {
      for (const name of names) this.#wanted.delete(name);
      throw thrown;
    }
    const { engine, close } = started;
    try {
      this.#engine = engine;
      this.#host.engineChanged(engine);
      for (const [repository, { order }] of this.#wanted) await engine.update(repository, order);
      this.#wanted.clear();
      await engine.idle();
    } finally {
      this.#engine = null;
      this.#host.engineChanged(null);
      await close();
    }
  }
}
