import type { Slice } from "../core/cooperation/slice.ts";
import { Manifest } from "../core/git/manifest.ts";
import type { KeptRun } from "../core/git/tree-walk.ts";
import type { UpdateChanges, VersionList } from "../protocol/updates.ts";
import type { SnapshotRecord } from "../store/records.ts";

/** Files and package versions that differ between two commits. */
export interface TreeChanges {
  readonly added: number;
  readonly changed: number;
  readonly removed: number;
  readonly versions: Pick<UpdateChanges, "added" | "changed" | "removed">;
}

/** Updates that a snapshot tells of. */
const keptUpdates = 20;
/** Names kept of each kind: an update rarely has more, and a repository that was rebuilt has all. */
const listed = 100;

type Kind = "added" | "changed" | "removed";

const none: VersionList = { total: 0, names: [] };

export const noChanges: TreeChanges = {
  added: 0,
  changed: 0,
  removed: 0,
  versions: { added: none, changed: none, removed: none },
};

/** Compares two manifests, which are sorted alike, in one walk over both. `kept`: runs that are known to be equal, in order. */
export async function compareManifests(
  before: ArrayBuffer,
  after: ArrayBuffer,
  slice: Slice,
  kept: readonly KeptRun[] = [],
): Promise<TreeChanges> {
  const then = new Manifest(before);
  const now = new Manifest(after);
  const counts = { added: 0, changed: 0, removed: 0 };
  const versions = new VersionChanges(then, now);
  let runs = 0;
  for (let old = 0, rank = 0; old < then.count || rank < now.count; ) {
    const run = kept[runs];
    if (run !== undefined && run.from === old && run.at === rank) {
      old = run.to;
      rank += run.to - run.from;
      runs++;
      continue;
    }
    const order = old === then.count ? 1 : rank === now.count ? -1 : then.comparePath(old, now, rank);
    const same = order === 0 && then.isSameBlob(old, now, rank);
    if (!same) {
      counts[order === 0 ? "changed" : order < 0 ? "removed" : "added"]++;
      versions.note(order <= 0 ? then.path(old) : now.path(rank));
    }
    if (order <= 0) old++;
    if (order >= 0) rank++;
    if (slice.due()) await slice.pause();
  }
  return { ...counts, versions: versions.lists() };
}

/** Package versions whose files differ: folders `name.version` with an opam file (opam manual, "Repositories"). */
class VersionChanges {
  readonly #then: Manifest;
  readonly #now: Manifest;
  readonly #folders = new Set<string>();
  readonly #kinds = new Map<string, Kind>();

  constructor(then: Manifest, now: Manifest) {
    this.#then = then;
    this.#now = now;
  }

  /** The file at `path` differs. */
  note(path: string): void {
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      const folder = path.slice(0, end);
      if (this.#folders.has(folder)) return;
      const name = folder.slice(folder.lastIndexOf("/") + 1);
      if (!/^[^.]+\../.test(name)) continue;
      const opam = `${folder}/opam`;
      const [was, is] = [this.#then.find(opam) >= 0, this.#now.find(opam) >= 0];
      if (!was && !is) continue;
      this.#folders.add(folder);
      const kind = was && is ? "changed" : was ? "removed" : "added";
      // A version that moved to another folder is in both lists.
      const known = this.#kinds.get(name);
      this.#kinds.set(name, known === undefined || known === kind ? kind : "changed");
      return;
    }
  }

  lists(): TreeChanges["versions"] {
    const list = (wanted: Kind): VersionList => {
      const names = [...this.#kinds].flatMap(([name, kind]) => (kind === wanted ? [name] : []));
      return { total: names.length, names: names.slice(0, listed) };
    };
    return { added: list("added"), changed: list("changed"), removed: list("removed") };
  }
}

/** The updates that the next snapshot tells of, its own first. Times: `committedAt` in seconds, `publishedAt` in milliseconds since the Unix epoch. */
export function latestUpdates(
  before: SnapshotRecord | null,
  commit: string,
  committedAt: number,
  publishedAt: number,
  { versions }: TreeChanges,
): readonly UpdateChanges[] {
  if (before === null) return [];
  if (before.commit === commit) return before.updates;
  const update: UpdateChanges = {
    publishedAt: new Date(publishedAt).toISOString(),
    commit,
    committedAt: new Date(committedAt * 1000).toISOString(),
    before: before.commit,
    ...versions,
  };
  return [update, ...before.updates].slice(0, keptUpdates);
}
