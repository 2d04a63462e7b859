import { systemClock } from "../platform/clock.ts";
import type { RepositoryConfig } from "../protocol/config.ts";
import type { ScopeNames } from "../protocol/names.ts";
import { EngineProcess } from "./engine-process.ts";

/** How long to wait before a worker that died is started again. */
const restartMs = 1000;
/** How long to wait before a lock that was lost is asked for again. */
const rejoinMs = 100;

/**
 * One tab syncs for all: the one that holds the leader lock runs the sync worker. The lock goes with the tab, so another one takes
 * over when it is closed or crashes. A tab that is about to be frozen must `leave`, since nobody else could lead while it sleeps.
 */
export class Leader {
  readonly #names: ScopeNames;
  readonly #base: string;
  readonly #repositories: readonly RepositoryConfig[];
  readonly #update: boolean;
  readonly #led: () => void;
  readonly #failed: (thrown: unknown) => void;
  /** From asking for the lock until it is given back or was taken away. */
  #turn: AbortController | null = null;
  #process: EngineProcess | null = null;

  /** `update`: an engine begins with a sync. `led` is called each time one was started here, `failed` when it did not start or died. */
  constructor(
    names: ScopeNames,
    base: string,
    repositories: readonly RepositoryConfig[],
    update: boolean,
    led: () => void,
    failed: (thrown: unknown) => void,
  ) {
    this.#names = names;
    this.#base = base;
    this.#repositories = repositories;
    this.#update = update;
    this.#led = led;
    this.#failed = failed;
  }

  /** The engine of this tab, or null while another tab leads. */
  get process(): EngineProcess | null {
    return this.#process;
  }

  /** Waits for the lock, unless this tab does so already or has it. */
  join(): void {
    if (this.#turn === null) this.#enter(false);
  }

  /** Takes the lock from a leader that does not answer. What that one has yet to publish is refused by its older epoch. */
  takeOver(): void {
    this.leave();
    this.#enter(true);
  }

  /** Stops the worker and gives the lock back, before the caller returns to the event loop: after that a page may be frozen. */
  leave(): void {
    const turn = this.#turn;
    this.#turn = null;
    turn?.abort();
  }

  #enter(steal: boolean): void {
    const turn = new AbortController();
    const { signal } = turn;
    this.#turn = turn;
    const ended = async () => {
      turn.abort();
      if (this.#turn !== turn) return;
      // Taken away by a tab that heard nothing from this one: it waits like the others, for whatever kept it silent to pass.
      await systemClock.sleep(rejoinMs);
      if (this.#turn !== turn) return;
      this.#turn = null;
      this.join();
    };
    navigator.locks
      .request(this.#names.leaderLock, steal ? { steal } : { signal }, () => this.#lead(signal))
      .then(ended, ended);
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const over = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener("abort", () => resolve(), { once: true });
    });
    while (!signal.aborted) {
      const process = new EngineProcess(this.#base, this.#repositories, this.#update);
      const stop = () => {
        process.stop();
        if (this.#process === process) this.#process = null;
      };
      signal.addEventListener("abort", stop, { once: true });
      this.#process = process;
      this.#led();
      await Promise.race([over, process.failed.catch(this.#failed)]);
      signal.removeEventListener("abort", stop);
      stop();
      if (!signal.aborted) await systemClock.sleep(restartMs, signal).catch(() => undefined);
    }
  }
}
