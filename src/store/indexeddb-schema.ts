import type { DBSchema, IDBPDatabase, StoreNames } from "idb";
import type {
  ArchiveIndexRecord,
  ArchiveRecord,
  PackRecord,
  RepositoryRecord,
  SnapshotRecord,
  TarballRecord,
} from "./records.ts";

/** Version of the set of object stores and indexes; versions of single records are `schemaVersion`. */
export const databaseVersion = 2;

/** Key: [repository, `md5:…` or `sha512:…`]. Two sha256 for one checksum are a conflict and served through neither. */
export interface ChecksumRecord {
  readonly schema: number;
  readonly repository: string;
  readonly checksum: string;
  readonly sha256: readonly string[];
}

/** Key: [repository, LightningFS's inode number], or [repository, `superblockKey`] for its directory. */
export interface GitFileRecord {
  readonly schema: number;
  /** A Uint8Array for an inode; for the superblock LightningFS's own tree of Maps. */
  readonly data: unknown;
}

export const superblockKey = "superblock";

export interface MirrorSchema extends DBSchema {
  repositories: { key: string; value: RepositoryRecord };
  snapshots: { key: string; value: SnapshotRecord };
  packs: { key: string; value: PackRecord };
  tarballs: { key: string; value: TarballRecord };
  archiveindexes: { key: string; value: ArchiveIndexRecord };
  archives: { key: string; value: ArchiveRecord; indexes: { size: number } };
  checksums: { key: [string, string]; value: ChecksumRecord };
  gitfiles: { key: [string, number | string]; value: GitFileRecord };
}

export type MirrorDatabase = IDBPDatabase<MirrorSchema>;
export type MirrorStoreName = StoreNames<MirrorSchema>;

/** Element `n` makes version `n + 1` out of version `n`. An element that was released is never changed. */
const steps: readonly ((database: MirrorDatabase) => void)[] = [
  (database) => {
    database.createObjectStore("repositories", { keyPath: "name" });
    database.createObjectStore("snapshots", { keyPath: "id" });
    database.createObjectStore("packs", { keyPath: "key" });
    database.createObjectStore("tarballs", { keyPath: "snapshot" });
    // The index gives the sum of sizes by key cursor, without opening a Blob handle per archive.
    database.createObjectStore("archives", { keyPath: "sha256" }).createIndex("size", "size");
    database.createObjectStore("checksums", { keyPath: ["repository", "checksum"] });
    database.createObjectStore("gitfiles");
  },
  (database) => {
    database.createObjectStore("archiveindexes", { keyPath: "tree" });
  },
];

/** Runs inside the upgrade transaction: throwing undoes the whole upgrade. */
export function upgradeDatabase(database: MirrorDatabase, oldVersion: number): void {
  for (const step of steps.slice(oldVersion)) step(database);
}
