import { ArchiveIndex } from "../core/opam/archive-index.ts";
import type { RepositoryRecord } from "../store/records.ts";
import type { Snapshot } from "../store/snapshot-reader.ts";
import type { ArchiveIndexes } from "./archive-indexes.ts";

/** Which URLs opam files of the served snapshots name, as far as it can be told without waiting. */
export class ArchiveUrls {
  readonly #indexes: ArchiveIndexes;
  readonly #openSnapshot: (repository: string) => Promise<Snapshot | null>;
  #tables: ReadonlyMap<string, ArchiveIndex> | null = null;

  constructor(indexes: ArchiveIndexes, openSnapshot: (repository: string) => Promise<Snapshot | null>) {
    this.#indexes = indexes;
    this.#openSnapshot = openSnapshot;
  }

  /** False until the tables were read once. */
  get loaded(): boolean {
    return this.#tables !== null;
  }

  /** Whether an opam file seems to name the URL: who serves it reads that file. Takes microseconds. */
  has(url: string): boolean {
    for (const index of this.#tables?.values() ?? []) if (index.hasUrl(url)) return true;
    return false;
  }

  /** Reads the tables of what is served now. Never throws: what cannot be read names nothing. */
  async load(repositories: readonly Pick<RepositoryRecord, "name">[]): Promise<void> {
    const tables = new Map<string, ArchiveIndex>();
    for (const { name } of repositories) {
      try {
        const tree = (await this.#openSnapshot(name))?.record.tree;
        const record = tree === undefined ? null : await this.#indexes.of(tree);
        if (tree !== undefined && record !== null)
          tables.set(tree, this.#tables?.get(tree) ?? new ArchiveIndex(record.tables));
      } catch {
        // Requests are answered by others then, as if the repository were not there.
      }
    }
    this.#tables = tables;
  }
}
