import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import { checkClosure } from "../core/git/closure.ts";
import { fromHex } from "../core/git/oid.ts";
import { buildIdx } from "../core/git/pack-idx.ts";
import type { PackReader } from "../core/git/pack-reader.ts";
import { assertCountable } from "../core/git/path-count.ts";
import { walkServedTree } from "../core/git/tree-walk.ts";
import { rewriteRepoFile } from "../core/opam/repo-file.ts";
import { createDigest } from "../platform/digest.ts";
import type { RepositoryConfig } from "../protocol/config.ts";
import type { SyncPhase } from "../protocol/status.ts";
import { buildTarball } from "../store/index-tarball.ts";
import { type SnapshotRecord, schemaVersion } from "../store/records.ts";
import { snapshotDigest } from "../store/snapshot-digest.ts";
import { SnapshotReader } from "../store/snapshot-reader.ts";
import { countChangedFiles } from "./changed-files.ts";
import { discover, type Remote, type Tip } from "./discover.ts";
import { writeGitRecords } from "./git-records.ts";
import type { SyncHost } from "./host.ts";
import { type ReceiveHandlers, receivePack } from "./receive.ts";

export interface SyncObserver extends ReceiveHandlers {
  phase(phase: SyncPhase): void;
  discovered(tip: Tip): void;
  /** The new snapshot serves from now on. */
  published(snapshot: SnapshotRecord): void;
}

export interface SyncOutcome {
  readonly tip: Tip;
  /** Files added, changed or removed; 0 when the remote had nothing new. */
  readonly changedFiles: number;
}

const writeBytes = 256 * 1024;

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
  const tip = await discover(host, remote, signal);
  observer.discovered(tip);
  const before = await currentSnapshot(host, config.name);
  if (before !== null && before.commit === tip.commit) {
    await ensureTarball(host, before, remote, slice, observer);
    return { tip, changedFiles: 0 };
  }
  observer.phase("receive");
  const { reader, checksum, shallow } = await receivePack(
    host,
    remote,
    { commit: tip.commit, have: null },
    slice,
    observer,
    signal,
  );
  observer.phase("resolve");
  reader.assertResolved();
  const verified = await verifyTree(host, reader, tip, remote, new Set(shallow), slice);
  signal.throwIfAborted();
  observer.phase("publish");
  await storePack(host, reader, checksum, slice);
  const snapshot = await snapshotRecord(host, config.name, tip, checksum, verified);
  signal.throwIfAborted();
  await host.store.publish(snapshot, epoch);
  observer.published(snapshot);
  const changes = await countChangedFiles(before?.manifest ?? null, snapshot.manifest, slice);
  await writeGitRecords(host, config.name, remote, tip, snapshot.packs, slice);
  await ensureTarball(host, snapshot, remote, slice, observer);
  return { tip, changedFiles: changes.added + changes.changed + changes.removed };
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

type Verified = Awaited<ReturnType<typeof walkServedTree>> & {
  readonly tree: string;
  readonly committedAt: number;
  readonly redirect: string | null;
};

async function verifyTree(
  host: SyncHost,
  reader: PackReader,
  tip: Tip,
  remote: Remote,
  boundary: ReadonlySet<string>,
  slice: Slice,
): Promise<Verified> {
  const commit = await checkClosure(reader, tip.commit, boundary, () => 0, slice);
  const table = reader.table;
  const present = (oids: Uint8Array, at: number) => {
    const index = table.find(oids, at);
    if (index < 0) throw new MirrorError("internal", { reason: "an object vanished after its closure was checked" });
    return index;
  };
  const root = present(fromHex(commit.tree), 0);
  await assertCountable(reader, root, host.limits.files, slice);
  const walked = await walkServedTree(
    reader.content(root),
    {
      tree: (oids, at) => reader.content(present(oids, at)),
      place: (oids, at) => ({ pack: 0, offset: table.offsets[present(oids, at)]! }),
    },
    host.limits,
    slice,
  );
  if (!walked.hasPackages && !walked.hasRepo)
    throw new MirrorError("not-opam-repository", { remote: remote.shown, branch: tip.branch });
  return { ...walked, tree: commit.tree, committedAt: commit.committedAt, redirect: null };
}

async function storePack(host: SyncHost, reader: PackReader, checksum: string, slice: Slice): Promise<void> {
  const idx = await buildIdx(reader.table, fromHex(checksum), await createDigest("sha1"), slice);
  const writer = host.store.packWriter();
  try {
    for (let at = 0; at < reader.buffer.length; at += writeBytes) {
      await writer.write(reader.buffer.bytes.subarray(at, Math.min(at + writeBytes, reader.buffer.length)));
      if (slice.due()) await slice.pause();
    }
    await writer.commit(checksum, idx);
  } catch (thrown) {
    await writer.abort();
    throw thrown;
  }
}

async function snapshotRecord(
  host: SyncHost,
  repository: string,
  tip: Tip,
  checksum: string,
  verified: Verified,
): Promise<SnapshotRecord> {
  const facts = {
    schema: schemaVersion,
    id: `${repository}/${tip.commit}/${host.clock.wall().toString(36)}`,
    repository,
    commit: tip.commit,
    tree: verified.tree,
    branch: tip.branch,
    committedAt: verified.committedAt,
    packs: [checksum],
    manifest: verified.manifest,
    packages: verified.packages,
    versions: verified.versions,
    parseErrors: verified.skipped,
    redirect: verified.redirect,
  };
  return { ...facts, digest: await snapshotDigest(facts) };
}

async function ensureTarball(
  host: SyncHost,
  record: SnapshotRecord,
  remote: Remote,
  slice: Slice,
  observer: SyncObserver,
): Promise<void> {
  if ((await host.store.tarball(record.id)) !== undefined) return;
  observer.phase("index");
  const snapshot = await new SnapshotReader(host.store).open(record.id);
  const original = await snapshot.read("repo");
  const repo = rewriteRepoFile(original?.bytes ?? null, { commit: record.commit, remote: remote.shown });
  await host.store.saveTarball(await buildTarball(snapshot, repo.bytes, slice));
}
