import type { ArchiveProblemsAnswer } from "../protocol/archive-problems.ts";
import { archiveIndexDigest } from "../store/archive-index-digest.ts";
import { knownArchives } from "../store/archive-report.ts";
import type { ArchiveIndexRecord } from "../store/records.ts";
import type { Store } from "../store/store.ts";

/** Indexes that are kept: one of each repository, and the one before while it is replaced. */
const kept = 8;

/** The archive indexes of the store, by tree. What it keeps is a cache. */
export class ArchiveIndexes {
  readonly #store: Pick<Store, "archiveIndex">;
  readonly #known = new Map<string, Promise<ArchiveIndexRecord | null>>();

  constructor(store: Pick<Store, "archiveIndex">) {
    this.#store = store;
  }

  /** Null when there is none yet, or when it is damaged: the next sync makes it again. Throws what reading the store throws. */
  of(tree: string): Promise<ArchiveIndexRecord | null> {
    const known = this.#known.get(tree);
    if (known !== undefined) return known;
    const read = this.#read(tree);
    this.#known.set(tree, read);
    for (const old of [...this.#known.keys()].slice(0, -kept)) this.#known.delete(old);
    const forget = () => void (this.#known.get(tree) === read && this.#known.delete(tree));
    read.then((record) => record === null && forget(), forget);
    return read;
  }

  async #read(tree: string): Promise<ArchiveIndexRecord | null> {
    const record = await this.#store.archiveIndex(tree);
    return record !== undefined && (await archiveIndexDigest(record)) === record.digest ? record : null;
  }
}

/** What `problems` answers. Null stands for an index that is not there yet. */
export function problemsAnswer(
  repository: string,
  commit: string | null,
  index: ArchiveIndexRecord | null,
): ArchiveProblemsAnswer {
  const archives = index === null ? null : knownArchives(index);
  return { repository, commit, archives, problems: index?.problems ?? [] };
}
