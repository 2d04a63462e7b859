import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import { Manifest } from "../core/git/manifest.ts";
import type { PackReader } from "../core/git/pack-reader.ts";
import type { KeptRun } from "../core/git/tree-walk.ts";
import { type RepoFile, rewriteRepoFile } from "../core/opam/repo-file.ts";
import { deflate } from "../platform/deflate.ts";
import { createDigest } from "../platform/digest.ts";
import type { RepositoryConfig } from "../protocol/config.ts";
import type { SyncPhase } from "../protocol/status.ts";
import type { ArchiveIndexRecord, SnapshotRecord } from "../store/records.ts";
import type { RepoFacts } from "../store/served-repo-file.ts";
import type { StoredObjects } from "../store/stored-objects.ts";
import { soundArchiveIndex } from "./archive-index.ts";
import { currentSnapshot, type KnownSnapshot } from "./current-snapshot.ts";
import { discover, type Remote, type Tip } from "./discover.ts";
import { writeGitRecords } from "./git-records.ts";
import type { SyncHost } from "./host.ts";
import { OlderRemote } from "./older-remote.ts";
import { type ReceiveHandlers, receivePack } from "./receive.ts";
import { type HeldFiles, hasIndexes, openIndexes } from "./snapshot-indexes.ts";
import { snapshotRecord, storePack } from "./snapshot-writer.ts";
import { StoredBases } from "./stored-bases.ts";
import { compareManifests, latestUpdates, noChanges, type TreeChanges } from "./tree-changes.ts";
import { openFoundation, type VerifiedTree, verifyClosure, walkTree } from "./verify.ts";

export interface SyncObserver extends ReceiveHandlers {
  phase(phase: SyncPhase): void;
  discovered(tip: Tip): void;
  /** Asked when the remote is older than what is served: whether that is taken all the same. */
  acceptsOlder(): boolean;
  /** Asked at the beginning. */
  known(): KnownSnapshot;
  /** The new snapshot serves from now on, in place of the one of that id. */
  published(snapshot: SnapshotRecord, replaced: string | null): void;
  /** What its opam files name is known. */
  indexed(archives: ArchiveIndexRecord): void;
}

export interface SyncOutcome {
  readonly tip: Tip;
  /** None when the remote had nothing new. A first clone adds every file, and no versions are listed. */
  readonly changes: TreeChanges;
}

/** The manifest numbers packs in eight bits: where compaction never succeeds, the whole tree is fetched again before that is too little. */
const maximalPacks = 200;

/**
 * One sync of one repository: discover, receive and verify, publish by one pointer flip, then make index.tar.gz.
 * Until the flip nothing of it is visible; whatever fails before leaves the old snapshot as it was.
 */
export async function syncRepository(
  host: SyncHost,
  config: RepositoryConfig,
  epoch: number,
  slice: Slice,
  observer: SyncObserver,
  signal: AbortSignal,
): Promise<SyncOutcome> {
  const remote: Remote = {
    url: new URL(config.gitUrl, host.base).href.replace(/\/$/, ""),
    shown: config.remote,
    branch: config.branch,
    archiveMirrors: config.archiveMirrors,
  };
  observer.phase("discover");
  const known = observer.known();
  // Reading our own side, and compiling the digest, take as long as the remote does.
  const [tip, served, record] = await Promise.all([
    discover(host, remote, signal),
    currentSnapshot(host, config.name, slice, known.snapshot),
    host.store.repository(config.name),
    createDigest("sha1"),
  ]);
  observer.discovered(tip);
  // When nothing is new, the record that is stored is looked at: nothing follows that would replace a damaged one.
  const stays = served?.record === known.snapshot && served?.sound === true && served.record.commit === tip.commit;
  const current = stays ? await currentSnapshot(host, config.name, slice) : served;
  // What is damaged is still what was served: ages and changes are told from it.
  const before = current?.record ?? null;
  const sound = current?.sound === true ? before : null;
  if (sound !== null && sound.commit === tip.commit) {
    if (!(await hasIndexes(host.store, sound))) {
      observer.phase("index");
      const indexes = await openIndexes(host.store, sound, repoFacts(remote), null, slice);
      observer.indexed(await indexes.archives(null));
      await indexes.tarball();
    }
    return { tip, changes: noChanges };
  }
  const older = new OlderRemote(remote, record, before, () => observer.acceptsOlder());
  older.assertNotRefused(tip);
  const wanted: WantedSnapshot = { repository: config.name, epoch, remote, tip, before, sound, older };
  const index = before && knownIndex(host, before, known);
  index?.catch(() => undefined);
  const { snapshot, reader, changes, repo, kept } = await fetchSnapshot(host, wanted, slice, observer, signal);
  observer.phase("index");
  const indexes = await openIndexes(host.store, snapshot, repoFacts(remote), { reader, repo }, slice);
  try {
    observer.indexed(await indexes.archives(before && index && { snapshot: before, index, kept }));
  } finally {
    // Nobody waits for them.
    await writeGitRecords(host, config.name, remote, tip, snapshot.packs, slice);
  }
  await indexes.tarball();
  return { tip, changes };
}

interface WantedSnapshot {
  readonly repository: string;
  readonly epoch: number;
  readonly remote: Remote;
  readonly tip: Tip;
  /** What is served now, and the same again unless its packs are damaged. */
  readonly before: SnapshotRecord | null;
  readonly sound: SnapshotRecord | null;
  readonly older: OlderRemote;
}

interface FetchedSnapshot extends HeldFiles {
  readonly snapshot: SnapshotRecord;
  readonly changes: TreeChanges;
  /** Runs of the manifest before that did not change. */
  readonly kept: readonly KeptRun[];
}

/** Receives, verifies and publishes. The reader still holds what arrived: index.tar.gz is made from it. */
async function fetchSnapshot(
  host: SyncHost,
  { repository, epoch, remote, tip, before, sound, older }: WantedSnapshot,
  slice: Slice,
  observer: SyncObserver,
  signal: AbortSignal,
): Promise<FetchedSnapshot> {
  observer.phase("receive");
  const base = sound !== null && sound.packs.length < maximalPacks ? sound : null;
  const wanted = { commit: tip.commit, have: base?.commit ?? null };
  // Our packs are read while the remote makes its own.
  const openBases = () => (base === null ? null : new StoredBases(openFoundation(host, base)));
  const received = await receivePack(host, remote, wanted, slice, observer, signal, openBases);
  const { reader, shallow, bases } = received;
  const foundation = bases && (await bases.foundation);
  observer.phase("resolve");
  const { objects } = foundation ?? {};
  let completed: string | null = null;
  if (bases !== null && reader.unresolved > 0) {
    await received.checksum;
    completed = await reader.complete({ fetch: (oid) => bases.get(oid), deflate });
  }
  reader.assertResolved();
  const facts = await verifyClosure(reader, tip.commit, shallow, foundation, slice);
  older.assertNewer(tip, facts);
  const checksum = completed ?? (await received.checksum);
  signal.throwIfAborted();
  // The pack is as good as it will be: the disk works on it while its tree is walked. A walk that meets a limit leaves one that no
  // snapshot names, and that is collected.
  const { stored } = await storePack(host, reader, checksum, slice);

  const [verified] = await Promise.all([walkTree(host, reader, facts, foundation, slice), stored]).catch(
    async (thrown: unknown) => {
      await stored.catch(() => undefined);
      throw thrown;
    },
  );
  if (!verified.hasPackages && !verified.hasRepo) {
    throw new MirrorError("not-opam-repository", { remote: remote.shown, branch: tip.branch });
  }
  signal.throwIfAborted();
  observer.phase("publish");
  const packs = [...(foundation?.snapshot.packs ?? []), checksum];
  const repo = await repoFile(reader, objects ?? null, verified, remote, tip);
  const kept = before === sound ? verified.kept : [];
  const changes =
    before === null
      ? { ...noChanges, added: verified.files }
      : await compareManifests(before.manifest, verified.manifest, slice, kept);
  const publishedAt = host.clock.wall();
  const { skipped } = verified;
  const making = snapshotRecord(
    {
      repository,
      commit: tip.commit,
      tree: verified.tree,
      branch: tip.branch,
      committedAt: verified.committedAt,
      packs,
      manifest: verified.manifest,
      packages: verified.packages,
      versions: verified.versions,
      parseErrors: repo.error === null ? skipped : [{ path: "repo", message: repo.error }, ...skipped],
      redirect: repo.redirect,
      updates: latestUpdates(before, tip.commit, verified.committedAt, publishedAt, changes),
    },
    publishedAt,
  );
  const [snapshot, pointer] = await Promise.all([making, host.store.repository(repository)]);
  signal.throwIfAborted();
  await host.store.publish(snapshot, epoch);
  observer.published(snapshot, pointer?.snapshot ?? null);
  return { snapshot, reader, changes, repo, kept };
}

/** What is not in memory is read while the remote is at work. */
async function knownIndex(
  host: SyncHost,
  { tree }: SnapshotRecord,
  { archives }: KnownSnapshot,
): Promise<ArchiveIndexRecord | null> {
  return archives?.tree === tree ? archives : soundArchiveIndex(host.store, tree);
}

/** The `repo` file as it will be served, read before there is a snapshot to read it from. */
async function repoFile(
  reader: PackReader,
  objects: StoredObjects | null,
  verified: VerifiedTree,
  remote: Remote,
  tip: Tip,
): Promise<RepoFile> {
  const manifest = new Manifest(verified.manifest);
  const rank = manifest.find("repo");
  const oid = rank < 0 ? null : manifest.oid(rank);
  let bytes: Uint8Array | null = null;
  if (oid !== null) {
    const index = reader.find(oid);
    const held = index < 0 ? null : reader.content(index);
    bytes = held ? held.bytes.subarray(held.from, held.from + held.size) : ((await objects?.read(oid))?.bytes ?? null);
  }
  return rewriteRepoFile(bytes, { commit: tip.commit, ...repoFacts(remote) });
}

function repoFacts({ shown, archiveMirrors }: Remote): RepoFacts {
  return { remote: shown, archiveMirrors };
}
