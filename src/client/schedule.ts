import type { Aborting, Clock } from "../core/cooperation/clock.ts";
import type { RepositoryStatus } from "../protocol/status.ts";

/** Milliseconds. */
export interface ScheduleTimes {
  /** From the beginning of one sync to the next that nobody asked for. */
  readonly interval: number;
  /** Becoming visible or online starts no sync when the last one began later than this. */
  readonly least: number;
  /** After a sync that failed, unless the interval is shorter. */
  readonly retry: number;
}

export const defaultTimes: ScheduleTimes = { interval: 3_600_000, least: 300_000, retry: 600_000 };

/** A browser may put a page to sleep for hours, and its timers with it: the date is looked at again this often. */
const lookMs = 30_000;

/**
 * When repositories are synced without anybody asking. It keeps no times of its own: what the status says of the last sync is true
 * for all tabs, whichever of them did it. Only the wall clock goes on while a machine sleeps, so that is the one it looks at.
 */
export class Schedule {
  readonly #clock: Clock;
  readonly #times: ScheduleTimes;
  readonly #repositories: () => readonly RepositoryStatus[];
  readonly #sync: (repository: string) => void;

  constructor(
    clock: Clock,
    times: ScheduleTimes,
    repositories: () => readonly RepositoryStatus[],
    sync: (repository: string) => void,
  ) {
    this.#clock = clock;
    this.#times = times;
    this.#repositories = repositories;
    this.#sync = sync;
  }

  /** Syncs what is due, again and again, whenever `may` allows it. Ends with the signal; never rejects. */
  async run(may: () => boolean, signal: Aborting): Promise<void> {
    const ms = Math.min(lookMs, this.#times.interval);
    while (!signal.aborted) {
      await this.#clock.sleep(ms, signal).catch(() => undefined);
      if (!signal.aborted && may()) this.#syncWhere((repository) => this.#isDue(repository));
    }
  }

  /** The network is back: what failed for the lack of it is tried at once. To be told to the tab that leads. */
  cameOnline(): void {
    this.#syncWhere(({ lastSync }) => hasFailed(lastSync) || this.#isOlder(lastSync, this.#times.least));
  }

  /** Somebody looks at this tab, whichever tab leads. */
  becameVisible(): void {
    this.#syncWhere(({ lastSync }) => this.#isOlder(lastSync, this.#times.least));
  }

  #isDue({ lastSync }: RepositoryStatus): boolean {
    const { interval, retry } = this.#times;
    return this.#isOlder(lastSync, hasFailed(lastSync) ? Math.min(interval, retry) : interval);
  }

  /** A sync that began in the future was dated by a clock that has been set back since: it says nothing. */
  #isOlder(lastSync: RepositoryStatus["lastSync"], ms: number): boolean {
    if (lastSync === null) return true;
    const age = this.#clock.wall() - Date.parse(lastSync.startedAt);
    return !(age >= 0 && age < ms);
  }

  #syncWhere(wanted: (repository: RepositoryStatus) => boolean): void {
    for (const repository of this.#repositories())
      if (repository.state !== "syncing" && wanted(repository)) this.#sync(repository.name);
  }
}

/** A remote that went back in time waits for a person, not for another try. */
function hasFailed(lastSync: RepositoryStatus["lastSync"]): boolean {
  return lastSync !== null && lastSync.error !== null && lastSync.error.code !== "remote-older";
}
