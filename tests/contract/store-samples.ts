import type { RepositoryConfig } from "../../src/protocol/config.ts";
import type { LastSync } from "../../src/protocol/status.ts";
import {
  type ArchiveIndexRecord,
  type ArchiveRecord,
  type SnapshotRecord,
  schemaVersion,
  type TarballRecord,
} from "../../src/store/records.ts";
import type { Store } from "../../src/store/store.ts";

export function sampleConfig(name: string, remote = `https://example.org/${name}.git`): RepositoryConfig {
  return { name, remote, gitUrl: `git/${name}`, branch: null, origins: [], upstream: false };
}

export function sampleSnapshot(id: string, repository: string, packs: readonly string[]): SnapshotRecord {
  return {
    schema: schemaVersion,
    id,
    repository,
    commit: id.padEnd(40, "0"),
    tree: "t".repeat(40),
    branch: "master",
    committedAt: 1_700_000_000,
    packs,
    manifest: sampleBytes(64, id.length).buffer,
    packages: 3,
    versions: 7,
    parseErrors: [{ path: "packages/a/a.1/opam", message: "line 1" }],
    redirect: null,
    updates: [],
    digest: "d".repeat(64),
  };
}

export function sampleArchiveIndex(tree: string, bytes: Uint8Array<ArrayBuffer>): ArchiveIndexRecord {
  const problems = [{ kind: "parse", path: "packages/a/a.1/opam", message: "line 1" }] as const;
  const tables = bytes.slice().buffer;
  return { schema: schemaVersion, tree, tables, problems, mirrors: ["cache"], digest: "f".repeat(64) };
}

export function sampleTarball(snapshot: string, bytes: Uint8Array<ArrayBuffer>): TarballRecord {
  return { schema: schemaVersion, snapshot, bytes: new Blob([bytes]), sha256: "e".repeat(64) };
}

export function sampleArchive(sha256: string, size: number): ArchiveRecord {
  return {
    schema: schemaVersion,
    sha256,
    md5: `a${sha256}`.padEnd(32, "a"),
    sha512: `b${sha256}`.padEnd(128, "b"),
    size,
    type: "application/gzip",
    urls: ["https://example.org/a.tar.gz"],
    lastUse: 1,
    pinned: false,
    verifiedAt: 2,
  };
}

/** Stores an archive as it would arrive. */
export async function storeArchive(
  store: Store,
  sha256: string,
  bytes: Uint8Array,
  more: Partial<ArchiveRecord> = {},
): Promise<void> {
  const writer = store.archiveWriter();
  for (let at = 0; at < bytes.length; at += 100_000) await writer.write(bytes.subarray(at, at + 100_000));
  await writer.commit({ ...sampleArchive(sha256, bytes.length), ...more });
}

export function sampleLastSync(changedFiles: number): LastSync {
  return { startedAt: "2026-01-02T03:04:05.000Z", durationMs: 12, changedFiles, error: null };
}

/** Bytes that differ at every position and between seeds, without a period that a piece size could hide. */
export function sampleBytes(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = (seed + 1) * 2_654_435_761;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Stores a pack whose content follows from its key, and returns the key. */
export async function storePack(store: Store, key: string, size = 1_000): Promise<string> {
  const writer = store.packWriter();
  await writer.write(packBytes(key, size));
  await writer.commit(key, indexBytes(key));
  return key;
}

export function packBytes(key: string, size = 1_000): Uint8Array<ArrayBuffer> {
  return sampleBytes(size, key.charCodeAt(0));
}

export function indexBytes(key: string): Uint8Array<ArrayBuffer> {
  return sampleBytes(300, key.charCodeAt(0) + 1);
}
