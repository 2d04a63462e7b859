import { within } from "../core/cooperation/deadline.ts";
import { MirrorError } from "../core/errors.ts";
import { buildTarball } from "../store/index-tarball.ts";
import type { TarballRecord } from "../store/records.ts";
import { type RepoFacts, servedRepoFile } from "../store/served-repo-file.ts";
import type { Snapshot } from "../store/snapshot-reader.ts";
import { blobDigest } from "./blob-digest.ts";
import type { HandlerDeps } from "./ports.ts";

/** Milliseconds between two looks for a tarball that the sync is building. */
const pollMs = 100;

/** The `index.tar.gz` of a snapshot: the stored one, the one a sync is building, or one that is built here, once. */
export class Tarballs {
  readonly #deps: HandlerDeps;
  /** By snapshot id: found or being found. Kept for the newest two, so that a warm request reads nothing. */
  readonly #found = new Map<string, Promise<TarballRecord>>();

  constructor(deps: HandlerDeps) {
    this.#deps = deps;
  }

  /** Throws `not-ready` after `deadlineMs`; the work goes on, and the next request gets its result. */
  async of(snapshot: Snapshot, config: RepoFacts, deadlineMs: number): Promise<TarballRecord> {
    const { id } = snapshot.record;
    let found = this.#found.get(id);
    if (found === undefined) {
      found = this.#find(snapshot, config, deadlineMs);
      this.#found.set(id, found);
      found.catch(() => this.#found.delete(id));
      for (const old of [...this.#found.keys()].slice(0, -2)) this.#found.delete(old);
    }
    return within(this.#deps.clock, deadlineMs, found, () => {
      throw new MirrorError("not-ready", { path: "index.tar.gz", retryAfter: 5 });
    });
  }

  async #find(snapshot: Snapshot, config: RepoFacts, deadlineMs: number): Promise<TarballRecord> {
    const { clock, store } = this.#deps;
    const until = clock.now() + deadlineMs;
    do {
      const stored = await this.#stored(snapshot.record.id);
      if (stored !== null) return stored;
      if (!(await this.#indexing(snapshot.record.repository))) break;
      await clock.sleep(pollMs);
    } while (clock.now() < until);
    const slice = this.#deps.slice();
    const { bytes } = await servedRepoFile(snapshot, config);
    const built = await buildTarball(snapshot, bytes, slice);
    // Without room it is served from memory, and built again after a restart.
    store.saveTarball(built).catch(() => {});
    return built;
  }

  /** Verified before its first use: damage is found here, and repaired by building it again. */
  async #stored(snapshot: string): Promise<TarballRecord | null> {
    const stored = await this.#deps.store.tarball(snapshot);
    if (stored === undefined) return null;
    return (await blobDigest(stored.bytes, "sha256", this.#deps.slice())) === stored.sha256 ? stored : null;
  }

  async #indexing(repository: string): Promise<boolean> {
    const { clock, engineStatus } = this.#deps;
    const engine = await within(clock, 500, engineStatus(), () => null).catch(() => null);
    return engine?.repositories.some(({ name, phase }) => name === repository && phase === "index") ?? false;
  }
}
