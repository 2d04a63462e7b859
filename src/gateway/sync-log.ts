import type { AvailabilityStatus, RepositoryStatus } from "../protocol/status.ts";
import type { Log } from "./options.ts";

/** One line at the end of each sync. */
export class SyncLog {
  readonly #log: Log;
  /** When the running sync of a repository began, and when it published. */
  readonly #running = new Map<string, { readonly begun: number; published: number | null }>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** To be called when a sync begins, while it runs, and when it has ended. */
  progress({ name, state, lastSync, commit, versions }: RepositoryStatus, { longestGapMs }: AvailabilityStatus): void {
    const running = this.#running.get(name);
    if (state === "syncing") {
      if (running === undefined) this.#running.set(name, { begun: performance.now(), published: null });
      return;
    }
    this.#running.delete(name);
    if (lastSync === null) return;
    const { error, changedFiles, durationMs } = lastSync;
    const publishedMs = running?.published ? Math.round(running.published - running.begun) : null;
    const times = { durationMs, publishedMs, longestGapMs };
    const facts = { event: "sync", repository: name, commit, versions, changedFiles, ...times, error };
    const news = changedFiles === 0 ? "nothing new" : `${changedFiles} files changed`;
    const seconds = (durationMs / 1000).toFixed(1);
    if (error !== null) this.#log(`${name}: ${error.message}`, facts);
    else this.#log(`${name}: ${news}, ${versions} versions at ${commit ?? "no commit"}, in ${seconds} s`, facts);
  }

  published(name: string): void {
    const running = this.#running.get(name);
    if (running !== undefined) running.published = performance.now();
  }
}
