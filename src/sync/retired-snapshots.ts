import type { Clock } from "../core/cooperation/clock.ts";
import type { Store } from "../store/store.ts";

/** Longer than any answer but an archive may take: who opened a snapshot before it was replaced reads it to the end. */
const retentionMs = 30_000;

/** Snapshots that were replaced a moment ago. Collection leaves them alone until their readers have let go. */
export class RetiredSnapshots {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #until: Map<string, number> = new Map();
  readonly #closed: AbortController = new AbortController();
  #waiting = false;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Collects what was replaced once its readers have had their time. `id` is null when nothing was replaced. */
  retire(id: string | null): void {
    if (id === null) return;
    this.#until.set(id, this.#clock.now() + retentionMs);
    if (!this.#waiting) void this.#collectInTime();
  }

  /** Deletes what no pointer names and no reader can be expected to hold. A failure is made up for by the next collection. */
  async collect(): Promise<void> {
    await this.#store.collect(new Set(this.#until.keys())).catch(() => undefined);
  }

  close(): void {
    this.#closed.abort();
  }

  async #collectInTime(): Promise<void> {
    const { signal } = this.#closed;
    this.#waiting = true;
    for (const [id, until] of this.#until) {
      // Entries are in the order of their time; those that come meanwhile are walked too.
      await this.#clock.sleep(Math.max(0, until - this.#clock.now()), signal).catch(() => undefined);
      if (signal.aborted) return;
      this.#until.delete(id);
      await this.collect();
    }
    this.#waiting = false;
  }
}
