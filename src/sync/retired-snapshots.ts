import type { Clock } from "../core/cooperation/clock.ts";
import type { Store } from "../store/store.ts";

/** Longer than any answer but an archive may take: who opened a snapshot before it was replaced reads it to the end. */
const retentionMs = 30_000;

/**
 * Snapshots that were replaced a moment ago. Collection leaves them alone until their readers have let go, and waits for whatever of this
 * engine is about to publish: nothing names its pack yet.
 */
export class RetiredSnapshots {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #publishing: (but: string | null) => boolean;
  readonly #until: Map<string, number> = new Map();
  readonly #closed: AbortController = new AbortController();
  #waiting = false;
  /** A collection did not take place. */
  #due = false;

  /** `publishing` says whether a sync or a compaction runs, of another repository than `but`. */
  constructor(store: Store, clock: Clock, publishing: (but: string | null) => boolean) {
    this.#store = store;
    this.#clock = clock;
    this.#publishing = publishing;
  }

  /** Collects what was replaced once its readers have had their time. `id` is null when nothing was replaced. */
  retire(id: string | null): void {
    if (id === null) return;
    this.#until.set(id, this.#clock.now() + retentionMs);
    if (!this.#waiting) void this.#collectInTime();
  }

  /**
   * Deletes what no pointer names and no reader can be expected to hold. `ended` is the repository whose sync or compaction has just ended. A
   * failure is made up for by the next collection, and so is one that had to wait.
   */
  async collect(ended: string | null): Promise<void> {
    this.#due = this.#publishing(ended);
    if (!this.#due) await this.#store.collect(new Set(this.#until.keys())).catch(() => undefined);
  }

  /** Makes up for a collection that had to wait for `ended`. */
  async makeUp(ended: string): Promise<void> {
    if (this.#due) await this.collect(ended);
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
      await this.collect(null);
    }
    this.#waiting = false;
  }
}
