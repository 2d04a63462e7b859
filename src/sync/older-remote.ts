import { asMirrorError, MirrorError } from "../core/errors.ts";
import type { CommitFacts } from "../core/git/commit.ts";
import type { RepositoryRecord, SnapshotRecord } from "../store/records.ts";
import type { Remote, Tip } from "./discover.ts";
import { snapshotMadeAt } from "./snapshot-id.ts";

/**
 * Keeps a remote that went back in time from replacing what is served without anybody's consent
 * (docs/decisions/015-older-remote.md): a mirror of old data, a restored backup, a branch forced back.
 */
export class OlderRemote {
  readonly #remote: Remote;
  readonly #record: RepositoryRecord | undefined;
  readonly #served: SnapshotRecord | null;
  readonly #accepts: () => boolean;

  /** `served` is the snapshot of `record`; `accepts` is asked only when the remote is older. */
  constructor(
    remote: Remote,
    record: RepositoryRecord | undefined,
    served: SnapshotRecord | null,
    accepts: () => boolean,
  ) {
    this.#remote = remote;
    this.#record = record;
    this.#served = served;
    this.#accepts = accepts;
  }

  /** Throws again what the last sync ended with, before the same commit is fetched again only to be refused. */
  assertNotRefused(tip: Tip): void {
    const error = this.#record?.lastSync?.error;
    if (error?.code !== "remote-older" || this.#record?.moved === true) return;
    const { commit, servedCommit } = error.data;
    if (commit !== tip.commit || servedCommit !== this.#served?.commit || this.#accepts()) return;
    throw asMirrorError(error);
  }

  /** Throws `remote-older`. */
  assertNewer(tip: Tip, { parents, committedAt }: Pick<CommitFacts, "parents" | "committedAt">): void {
    const served = this.#served;
    if (served === null || this.#record?.moved === true) return;
    // What follows the served commit is newer, whatever its committer's clock said.
    if (parents.includes(served.commit)) return;
    // A commit was made before it was fetched: a date in the future must not refuse everything until then.
    const servedAt = Math.min(served.committedAt, snapshotMadeAt(served.id) ?? served.committedAt);
    if (committedAt >= servedAt || this.#accepts()) return;
    throw new MirrorError("remote-older", {
      remote: this.#remote.shown,
      commit: tip.commit,
      date: isoDate(committedAt),
      servedCommit: served.commit,
      servedDate: isoDate(served.committedAt),
    });
  }
}

/** ISO 8601, to the second. */
function isoDate(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, -5)}Z`;
}
