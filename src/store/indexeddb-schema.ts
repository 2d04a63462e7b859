import type { DBSchema, IDBPDatabase, IDBPTransaction, StoreNames } from "idb";
import type {
  ArchiveIndexRecord,
  ArchiveRecord,
  PackRecord,
  RepositoryRecord,
  SnapshotRecord,
  TarballRecord,
} from "./records.ts";

/** Version of the set of object stores and indexes; versions of single records are `schemaVersion`. */
export const databaseVersion = 4;

/** Bytes are in the pieces of `writer`; in records of schema 1 and 2 they are `bytes`. */
export interface StoredArchiveRecord extends ArchiveRecord {
  readonly writer?: string;
  readonly bytes?: Blob;
}

/** Key: [writer, index]. `writer` begins with the time at which it began, in nine digits of base 36. */
export interface ArchivePieceRecord {
  readonly schema: number;
  readonly bytes: ArrayBuffer;
}

/** Key: [repository, LightningFS's inode number], or [repository, `superblockKey`] for its directory. */
export interface GitFileRecord {
  readonly schema: number;
  /** A Uint8Array for an inode; for the superblock LightningFS's own tree of Maps. */
  readonly data: unknown;
}

/** Key: whose note it is. */
export interface NoteRecord {
  readonly schema: number;
  readonly value: unknown;
}

export const superblockKey = "superblock";

export interface MirrorSchema extends DBSchema {
  repositories: { key: string; value: RepositoryRecord };
  snapshots: { key: string; value: SnapshotRecord };
  packs: { key: string; value: PackRecord };
  tarballs: { key: string; value: TarballRecord };
  archiveindexes: { key: string; value: ArchiveIndexRecord };
  archives: {
    key: string;
    value: StoredArchiveRecord;
    indexes: { size: number; md5: string; sha512: string; writer: string };
  };
  archivepieces: { key: [string, number]; value: ArchivePieceRecord };
  gitfiles: { key: [string, number | string]; value: GitFileRecord };
  notes: { key: string; value: NoteRecord };
}

export type MirrorDatabase = IDBPDatabase<MirrorSchema>;
export type MirrorUpgrade = IDBPTransaction<MirrorSchema, MirrorStoreName[], "versionchange">;
export type MirrorStoreName = StoreNames<MirrorSchema>;

/** Element `n` makes version `n + 1` out of version `n`. An element that was released is never changed. */
const steps: readonly ((database: MirrorDatabase, upgrade: MirrorUpgrade) => void)[] = [
  (database) => {
    database.createObjectStore("repositories", { keyPath: "name" });
    database.createObjectStore("snapshots", { keyPath: "id" });
    database.createObjectStore("packs", { keyPath: "key" });
    database.createObjectStore("tarballs", { keyPath: "snapshot" });
    // The index gives the sum of sizes by key cursor, without opening a Blob handle per archive.
    database.createObjectStore("archives", { keyPath: "sha256" }).createIndex("size", "size");
    // Never used, and removed by version 3.
    (database as IDBPDatabase).createObjectStore("checksums", { keyPath: ["repository", "checksum"] });
    database.createObjectStore("gitfiles");
  },
  (database) => {
    database.createObjectStore("archiveindexes", { keyPath: "tree" });
  },
  (database, upgrade) => {
    (database as IDBPDatabase).deleteObjectStore("checksums");
    database.createObjectStore("archivepieces");
    const archives = upgrade.objectStore("archives");
    for (const index of ["md5", "sha512", "writer"] as const) archives.createIndex(index, index);
  },
  (database) => {
    database.createObjectStore("notes");
  },
];

/** Runs inside the upgrade transaction: throwing undoes the whole upgrade. */
export function upgradeDatabase(database: MirrorDatabase, upgrade: MirrorUpgrade, oldVersion: number): void {
  for (const step of steps.slice(oldVersion)) step(database, upgrade);
}
