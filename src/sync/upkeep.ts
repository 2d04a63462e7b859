import { asMirrorError, type ErrorRecord, MirrorError } from "../core/errors.ts";
import { compactSnapshot } from "./compact.ts";
import { compactionDue } from "./compaction-due.ts";
import { currentSnapshot } from "./current-snapshot.ts";
import { isLost, noteDamage } from "./damage.ts";
import type { SyncHost } from "./host.ts";
import type { RetiredSnapshots } from "./retired-snapshots.ts";

interface Running {
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

export interface UpkeepListener {
  /** Another snapshot serves. */
  published(repository: string, snapshot: string): void;
  /** What is served was found damaged, and is marked: a sync is needed. */
  damaged(repository: string): void;
  /** Nothing has changed, because of this: there is no room for both the old packs and the new one, for example. */
  failed(repository: string, epoch: number, error: ErrorRecord): Promise<void>;
}

/** What is done for a repository in the background, between two syncs: its packs are compacted when that pays. */
export class Upkeep {
  readonly #host: SyncHost;
  readonly #retired: RetiredSnapshots;
  readonly #listener: UpkeepListener;
  readonly #running: Map<string, Running> = new Map();
  /** Files that were removed since packs were last looked at to the end: a compaction that failed or made way is still due. */
  readonly #removed: Map<string, number> = new Map();

  constructor(host: SyncHost, retired: RetiredSnapshots, listener: UpkeepListener) {
    this.#host = host;
    this.#retired = retired;
    this.#listener = listener;
  }

  /** To be called after each sync, with its epoch. `removed`: files that it removed. */
  begin(repository: string, epoch: number, removed: number): void {
    const abort = new AbortController();
    this.#removed.set(repository, (this.#removed.get(repository) ?? 0) + removed);
    const done = this.#run(repository, epoch, abort.signal)
      .catch((thrown: unknown) => this.#failed(repository, epoch, thrown, abort.signal).catch(() => undefined))
      .then(() => this.#retired.makeUp(repository))
      .then(() => void this.#running.delete(repository));
    this.#running.set(repository, { abort, done });
  }

  busy(repository: string): boolean {
    return this.#running.has(repository);
  }

  /** A sync comes first: what is under way is given up, and resolves when nothing of it runs any more. */
  async stop(repository: string): Promise<void> {
    const running = this.#running.get(repository);
    running?.abort.abort(new MirrorError("aborted", { what: "The compaction" }));
    await running?.done;
  }

  /** Resolves when nothing runs for that repository. */
  async rest(repository: string): Promise<void> {
    await this.#running.get(repository)?.done;
  }

  async #run(repository: string, epoch: number, signal: AbortSignal): Promise<void> {
    const current = await currentSnapshot(this.#host, repository, this.#host.slice());
    if (current?.sound !== true || signal.aborted) return;
    const before = current.record;
    const due = await compactionDue(this.#host, before, this.#removed.get(repository) ?? 0);
    const after = due ? await compactSnapshot(this.#host, before, epoch, signal) : null;
    this.#removed.delete(repository);
    if (after === null) return;
    this.#retired.retire(before.id);
    this.#listener.published(repository, after.id);
  }

  /** Nothing that is served has changed. What was stored already goes, and the next sync brings the next try. */
  async #failed(repository: string, epoch: number, thrown: unknown, signal: AbortSignal): Promise<void> {
    const error = asMirrorError(thrown).toJSON();
    // It made way for a sync, or for another engine. Neither is a failure, and both collect: from here a pack of theirs looks like an orphan.
    if (signal.aborted || error.code === "fenced-out") return;
    await this.#retired.collect(repository);
    if (!isLost(thrown)) return this.#listener.failed(repository, epoch, error);
    await noteDamage(this.#host.store, repository, thrown);
    // Asked for only when the packs are damaged indeed: what fails for another reason would fail again after that sync.
    const current = await currentSnapshot(this.#host, repository, this.#host.slice());
    if (current?.sound === false) this.#listener.damaged(repository);
  }
}
