import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import { Manifest } from "../core/git/manifest.ts";
import { fromHex } from "../core/git/oid.ts";
import { buildIdx } from "../core/git/pack-idx.ts";
import type { PackReader } from "../core/git/pack-reader.ts";
import { type RepoFile, rewriteRepoFile } from "../core/opam/repo-file.ts";
import { deflate } from "../platform/deflate.ts";
import { createDigest } from "../platform/digest.ts";
import { sha1OfWhole } from "../platform/sha1.ts";
import type { RepositoryConfig } from "../protocol/config.ts";
import type { SyncPhase } from "../protocol/status.ts";
import { buildTarball } from "../store/index-tarball.ts";
import { type SnapshotRecord, schemaVersion } from "../store/records.ts";
import { snapshotDigest } from "../store/snapshot-digest.ts";
import { SnapshotReader } from "../store/snapshot-reader.ts";
import type { StoredObjects } from "../store/stored-objects.ts";
import { countChangedFiles } from "./changed-files.ts";
import { discover, type Remote, type Tip } from "./discover.ts";
import { writeGitRecords } from "./git-records.ts";
import { HeldSnapshot } from "./held-snapshot.ts";
import type { SyncHost } from "./host.ts";
import { OlderRemote } from "./older-remote.ts";
import { type ReceiveHandlers, receivePack } from "./receive.ts";
import { snapshotId } from "./snapshot-id.ts";
import { openFoundation, type VerifiedTree, verifyClosure, walkTree } from "./verify.ts";

export interface SyncObserver extends ReceiveHandlers {
  phase(phase: SyncPhase): void;
  discovered(tip: Tip): void;
  /** Asked when the remote is older than what is served: whether that is taken all the same. */
  acceptsOlder(): boolean;
  /** The new snapshot serves from now on. */
  published(snapshot: SnapshotRecord): void;
}

export interface SyncOutcome {
  readonly tip: Tip;
  /** Files added, changed or removed; 0 when the remote had nothing new. */
  readonly changedFiles: number;
}

const writeBytes = 1 << 20;
/** Beyond this many packs the whole tree is fetched again, into one. */
const maximalPacks = 20;

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
  };
  observer.phase("discover");
  // Reading our own side, and compiling the digest, take as long as the remote does.
  const [tip, before, record] = await Promise.all([
    discover(host, remote, signal),
    currentSnapshot(host, config.name),
    host.store.repository(config.name),
    createDigest("sha1"),
  ]);
  observer.discovered(tip);
  if (before !== null && before.commit === tip.commit) {
    await ensureTarball(host, before, remote, slice, observer);
    return { tip, changedFiles: 0 };
  }
  const older = new OlderRemote(remote, record, before, () => observer.acceptsOlder());
  older.assertNotRefused(tip);
  const { snapshot, reader } = await fetchSnapshot(
    host,
    config.name,
    epoch,
    remote,
    tip,
    before,
    older,
    slice,
    observer,
    signal,
  );
  const changes = await countChangedFiles(before?.manifest ?? null, snapshot.manifest, slice);
  await writeGitRecords(host, config.name, remote, tip, snapshot.packs, slice);
  await ensureTarball(host, snapshot, remote, slice, observer, reader);
  return { tip, changedFiles: changes.added + changes.changed + changes.removed };
}

/** Receives, verifies and publishes. The reader still holds what arrived: index.tar.gz is made from it. */
async function fetchSnapshot(
  host: SyncHost,
  repository: string,
  epoch: number,
  remote: Remote,
  tip: Tip,
  before: SnapshotRecord | null,
  older: OlderRemote,
  slice: Slice,
  observer: SyncObserver,
  signal: AbortSignal,
): Promise<{ readonly snapshot: SnapshotRecord; readonly reader: PackReader }> {
  observer.phase("receive");
  const foundation = before !== null && before.packs.length < maximalPacks ? await openFoundation(host, before) : null;
  const wanted = { commit: tip.commit, have: foundation?.snapshot.commit ?? null };
  const received = await receivePack(host, remote, wanted, slice, observer, signal);
  observer.phase("resolve");
  const { reader, shallow } = received;
  const { objects } = foundation ?? {};
  let completed: string | null = null;
  if (objects && reader.unresolved > 0) {
    await received.checksum;
    completed = await reader.complete((oid) => objects.read(oid), deflate);
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
  const snapshot = await snapshotRecord(host, repository, tip, packs, verified, repo);
  signal.throwIfAborted();
  await host.store.publish(snapshot, epoch);
  observer.published(snapshot);
  return { snapshot, reader };
}

async function currentSnapshot(host: SyncHost, repository: string): Promise<SnapshotRecord | null> {
  const record = await host.store.repository(repository);
  if (record === undefined || record.snapshot === null) return null;
  const snapshot = await host.store.snapshot(record.snapshot);
  if (snapshot === undefined || (await snapshotDigest(snapshot)) !== snapshot.digest) return null;
  // A snapshot whose packs are gone is no snapshot: everything is fetched again.
  for (const key of snapshot.packs) if ((await host.store.pack(key)) === undefined) return null;
  return snapshot;
}

/** Hands the pack to the store. `stored` resolves when it is durable there. */
async function storePack(
  host: SyncHost,
  reader: PackReader,
  checksum: string,
  slice: Slice,
): Promise<{ readonly stored: Promise<void> }> {
  const idx = await buildIdx(reader.table, fromHex(checksum), sha1OfWhole, slice);
  const writer = host.store.packWriter();
  try {
    for (let at = 0; at < reader.buffer.length; at += writeBytes) {
      await writer.write(reader.buffer.bytes.subarray(at, Math.min(at + writeBytes, reader.buffer.length)));
      if (slice.due()) await slice.pause();
    }
  } catch (thrown) {
    await writer.abort();
    throw thrown;
  }
  const stored = writer.commit(checksum, idx).catch(async (thrown: unknown) => {
    await writer.abort();
    throw thrown;
  });
  // Whoever walks the tree meanwhile may fail first; then nobody waits for this.
  stored.catch(() => undefined);
  return { stored };
}

async function snapshotRecord(
  host: SyncHost,
  repository: string,
  tip: Tip,
  packs: readonly string[],
  verified: VerifiedTree,
  repo: RepoFile,
): Promise<SnapshotRecord> {
  const facts = {
    schema: schemaVersion,
    id: snapshotId(repository, tip.commit, host.clock.wall()),
    repository,
    commit: tip.commit,
    tree: verified.tree,
    branch: tip.branch,
    committedAt: verified.committedAt,
    packs,
    manifest: verified.manifest,
    packages: verified.packages,
    versions: verified.versions,
    parseErrors: repo.error === null ? verified.skipped : [{ path: "repo", message: repo.error }, ...verified.skipped],
    redirect: repo.redirect,
  };
  return { ...facts, digest: await snapshotDigest(facts) };
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
  return rewriteRepoFile(bytes, { commit: tip.commit, remote: remote.shown });
}

async function ensureTarball(
  host: SyncHost,
  record: SnapshotRecord,
  remote: Remote,
  slice: Slice,
  observer: SyncObserver,
  held: PackReader | null = null,
): Promise<void> {
  if ((await host.store.tarball(record.id)) !== undefined) return;
  observer.phase("index");
  const stored = await new SnapshotReader(host.store).open(record.id);
  const snapshot = held === null ? stored : new HeldSnapshot(stored, held);
  const original = await snapshot.read("repo");
  const repo = rewriteRepoFile(original?.bytes ?? null, { commit: record.commit, remote: remote.shown });
  await host.store.saveTarball(await buildTarball(snapshot, repo.bytes, slice));
}
