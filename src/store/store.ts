import type { RepositoryConfig } from "../protocol/config.ts";
import type { LastSync, StorageStatus } from "../protocol/status.ts";
import type {
  ArchiveIndexRecord,
  ArchiveRecord,
  Keeping,
  RepositoryRecord,
  SnapshotRecord,
  TarballRecord,
} from "./records.ts";

/**
 * What the engine and the handler know of storage. One contract suite (tests/contract) runs against every implementation.
 *
 * Obligations of an implementation:
 * - `publish` is one atomic step: after a crash the old or the new snapshot is there, never a mix.
 * - Nothing written through `packWriter` is visible before `commit` has resolved.
 * - Reading what was deleted or lost yields `undefined`, never empty bytes.
 * - No call blocks the thread longer than a slice: large values are Blobs, writes are ≤ 50 records a transaction.
 * - Failures are MirrorErrors: `store-quota`, `store-failed`, `store-lost`, `store-newer`, `fenced-out`.
 */
export interface Store {
  readonly kind: "indexeddb" | "memory" | "files";

  repositories(): Promise<readonly RepositoryRecord[]>;
  repository(name: string): Promise<RepositoryRecord | undefined>;
  /** Creates the record or replaces its configuration; pointer, epoch and last sync stay. A changed remote or branch keeps the old snapshot serving until the next publish. */
  configure(config: RepositoryConfig): Promise<RepositoryRecord>;
  /** Adds one to the fencing epoch and returns it. */
  takeEpoch(name: string): Promise<number>;
  /** Records how a sync ended. Ignored when `epoch` is not the current one. */
  saveLastSync(name: string, epoch: number, lastSync: LastSync, branch: string | null): Promise<void>;

  /**
   * Notes durably that something of the snapshot is damaged or gone; null takes that back. Does nothing when that repository's pointer
   * names another snapshot. The next publish takes it back too.
   */
  saveDamage(repository: string, snapshot: string, reason: string | null): Promise<void>;

  /** Notes durably which archives are kept. Does nothing for an unknown repository. */
  saveKeeping(repository: string, keeping: Keeping): Promise<void>;

  snapshot(id: string): Promise<SnapshotRecord | undefined>;
  /** Stores the snapshot and flips the pointer in one durable transaction. Throws `fenced-out` when `epoch` is not current, `store-lost` when a pack it names is not there. */
  publish(snapshot: SnapshotRecord, epoch: number): Promise<void>;

  /** Writes a pack in pieces while it arrives. */
  packWriter(): PackWriter;
  pack(key: string): Promise<PackReadable | undefined>;

  tarball(snapshot: string): Promise<TarballRecord | undefined>;
  saveTarball(record: TarballRecord): Promise<void>;

  archiveIndex(tree: string): Promise<ArchiveIndexRecord | undefined>;
  saveArchiveIndex(record: ArchiveIndexRecord): Promise<void>;

  /** A stored archive. Its bytes were verified when they were stored; who hands them out verifies them again. */
  archive(sha256: string): Promise<StoredArchive | undefined>;
  /** The sha256 of each stored archive that has this md5 or sha512: more than one only where digests collide. */
  archivesWith(algorithm: "md5" | "sha512", hex: string): Promise<readonly string[]>;
  /** What is known of all stored archives, without their bytes. Records of a later version are left out. */
  archiveRecords(): Promise<readonly ArchiveRecord[]>;
  /** Writes an archive in pieces while it arrives. */
  archiveWriter(makeRoom?: MakeRoom): ArchiveWriter;
  /** Changes what is known of an archive, and none of its bytes. Does nothing when it is not stored. */
  changeArchive(sha256: string, change: ArchiveChange): Promise<void>;
  /** Deletes an archive. Its open readers throw `store-lost`, unless the store lets them read on. */
  removeArchive(sha256: string): Promise<void>;
  archiveTotals(): Promise<{ readonly stored: number; readonly storedBytes: number }>;

  /** A small value that a context left for its next life: structured data, of its own making. Undefined when there is none. */
  note(key: string): Promise<unknown>;
  saveNote(key: string, value: unknown): Promise<void>;

  /**
   * Deletes snapshots, packs, tarballs and archive indexes that no pointer names, except snapshots in `keep`, and what writers that are
   * gone left of archives.
   */
  collect(
    keep: ReadonlySet<string>,
  ): Promise<{ readonly snapshots: number; readonly packs: number; readonly tarballs: number }>;

  /** The small files of a repository's Git directory, as LightningFS's `db` option wants them. */
  gitFiles(repository: string): GitFiles;

  usage(): Promise<StorageStatus>;
  close(): Promise<void>;
}

export interface PackWriter {
  /** Takes the next bytes of the pack; the caller may reuse the array afterwards. */
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the pack readable under `key`, with its idx. Resolves when durable. Committing a key that exists is a no-op. */
  commit(key: string, idx: Uint8Array): Promise<void>;
  /** Forgets what was written. Never throws. */
  abort(): Promise<void>;
}

export interface PackReadable {
  readonly key: string;
  /** Bytes of the pack, trailer included. */
  readonly size: number;
  /** At most `length` bytes from `offset`; fewer only at the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The whole idx (version 2). */
  idx(): Promise<Uint8Array>;
}

export interface StoredArchive {
  readonly record: ArchiveRecord;
  /**
   * At most `length` bytes from `offset`; fewer only at the end. They may be in `into`, which has room for `length`, so that who reads much makes
   * no garbage. Throws `store-lost`.
   */
  read(offset: number, length: number, into?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Reads all of a small archive once more, with one look into the store; left out where that is no faster than asking for the archive. It
   * may be kept, for it holds no bytes. What it gives is not compared with the record. Throws `store-lost` when the archive is gone or was replaced.
   */
  readonly again?: () => Promise<Uint8Array<ArrayBuffer>>;
}

export type ArchiveChange = Partial<Pick<ArchiveRecord, "lastUse" | "pinned" | "verifiedAt" | "urls">>;

/** Called when there is no room for `bytes` more: resolves with whether some was made, and the write is tried once more. */
export type MakeRoom = (bytes: number) => Promise<boolean>;

export interface ArchiveWriter {
  /** Bytes that were written so far. */
  readonly size: number;
  /** Takes the next bytes; the caller may reuse the array afterwards. One call at a time. Throws `store-quota`: then `abort` is what is left. */
  write(bytes: Uint8Array): Promise<void>;
  /** What was written can be read at once, and for as long as the archive is stored after `commit`. At most up to the end of a piece of the store. */
  read(offset: number, length: number, into?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Makes it an archive of the store, in one step. The caller has hashed the bytes. One with the same sha256 is replaced, and stays pinned.
   */
  commit(record: ArchiveRecord): Promise<void>;
  /** Forgets what was written. Never throws, and does nothing after `commit`. */
  abort(): Promise<void>;
}

/** LightningFS's backend interface (its `db` option). Keys are its own inode numbers, scoped by repository. */
export interface GitFiles {
  saveSuperblock(superblock: unknown): Promise<void>;
  loadSuperblock(): Promise<unknown>;
  readFile(inode: number): Promise<Uint8Array | undefined>;
  writeFile(inode: number, data: Uint8Array): Promise<void>;
  unlink(inode: number): Promise<void>;
  wipe(): Promise<void>;
  close(): Promise<void>;
}
