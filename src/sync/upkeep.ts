import { MirrorError } from "../core/errors.ts";
import { compactSnapshot } from "./compact.ts";
import { compactionDue } from "./compaction-due.ts";
import { currentSnapshot } from "./current-snapshot.ts";
import type { SyncHost } from "./host.ts";
import type { RetiredSnapshots } from "./retired-snapshots.ts";

interface Running {
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

/** What is done for a repository in the background, between two syncs: its packs are compacted when that pays. */
export class Upkeep {
  readonly #host: SyncHost;
  readonly #retired: RetiredSnapshots;
  readonly #published: (repository: string, snapshot: string) => void;
  readonly #running: Map<string, Running> = new Map();

  /** `published` is called when another snapshot serves. */
  constructor(host: SyncHost, retired: RetiredSnapshots, published: (repository: string, snapshot: string) => void) {
    this.#host = host;
    this.#retired = retired;
    this.#published = published;
  }

  /** To be called after each sync, with its epoch. `removed`: files that it removed. */
  begin(repository: string, epoch: number, removed: number): void {
    const abort = new AbortController();
    const done = this.#run(repository, epoch, removed, abort.signal)
      // What fails here has changed nothing that is served, and may have left a pack; the next sync brings the next try.
      .catch(() => this.#retired.collect())
      .then(() => void this.#running.delete(repository));
    this.#running.set(repository, { abort, done });
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

  async #run(repository: string, epoch: number, removed: number, signal: AbortSignal): Promise<void> {
    const before = await currentSnapshot(this.#host, repository);
    if (before === null || signal.aborted || !(await compactionDue(this.#host, before, removed))) return;
    const after = await compactSnapshot(this.#host, before, epoch, signal);
    if (after === null) return;
    this.#retired.retire(before.id);
    this.#published(repository, after.id);
  }
}
