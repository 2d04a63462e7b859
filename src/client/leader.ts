import { systemClock } from "../platform/clock.ts";
import type { RepositoryConfig } from "../protocol/config.ts";
import type { ScopeNames } from "../protocol/names.ts";
import { EngineProcess } from "./engine-process.ts";

/** How long to wait before a worker that died is started again. */
const restartMs = 1000;

/**
 * One tab syncs for all: the one that holds the leader lock runs the sync worker. The lock goes with the tab, so another one takes
 * over when it is closed or crashes.
 */
export class Leader {
  readonly #ended: AbortController = new AbortController();
  #process: EngineProcess | null = null;

  /** `led` is called each time an engine was started here, `failed` when it did not start or died. */
  constructor(
    names: ScopeNames,
    base: string,
    repositories: () => readonly RepositoryConfig[],
    led: (process: EngineProcess) => void,
    failed: (thrown: unknown) => void,
  ) {
    const lead = async () => {
      while (!this.#ended.signal.aborted) {
        this.#process = new EngineProcess(base, repositories());
        led(this.#process);
        await this.#process.failed.catch(failed);
        this.#process.stop();
        await systemClock.sleep(restartMs, this.#ended.signal).catch(() => undefined);
      }
    };
    navigator.locks.request(names.leaderLock, { signal: this.#ended.signal }, lead).catch(() => undefined);
  }

  /** The engine of this tab, or null while another tab leads. */
  get process(): EngineProcess | null {
    return this.#process;
  }

  end(): void {
    this.#ended.abort();
    this.#process?.stop();
    this.#process = null;
  }
}
