import type { ArchiveIndexRecord, ArchiveRecord, RepositoryRecord, SnapshotRecord, TarballRecord } from "./records.ts";

/** A pack as it arrived: pieces of at most 1 MiB, never joined. */
export interface MemoryPack {
  readonly size: number;
  readonly pieces: readonly Uint8Array[];
  readonly idx: Uint8Array;
}

export interface MemoryArchive {
  readonly record: ArchiveRecord;
  readonly pieces: readonly Uint8Array<ArrayBuffer>[];
}

export interface MemoryDirectory {
  superblock: unknown;
  readonly files: Map<number, Uint8Array>;
}

/** What memory stores opened on it share, as tabs share a database. */
export class MemoryContents {
  readonly repositories: Map<string, RepositoryRecord> = new Map();
  readonly snapshots: Map<string, SnapshotRecord> = new Map();
  readonly packs: Map<string, MemoryPack> = new Map();
  readonly tarballs: Map<string, TarballRecord> = new Map();
  readonly archiveIndexes: Map<string, ArchiveIndexRecord> = new Map();
  readonly archives: Map<string, MemoryArchive> = new Map();
  readonly notes: Map<string, unknown> = new Map();
  readonly directories: Map<string, MemoryDirectory> = new Map();

  directory(repository: string): MemoryDirectory {
    let directory = this.directories.get(repository);
    if (!directory) {
      directory = { superblock: null, files: new Map() };
      this.directories.set(repository, directory);
    }
    return directory;
  }

  /** Bytes of everything that grows with use; records' fixed fields are not counted. */
  get usedBytes(): number {
    let bytes = 0;
    for (const pack of this.packs.values()) bytes += pack.size + pack.idx.length;
    for (const snapshot of this.snapshots.values()) bytes += snapshot.manifest.byteLength;
    for (const tarball of this.tarballs.values()) bytes += tarball.bytes.size;
    for (const index of this.archiveIndexes.values()) bytes += index.tables.byteLength;
    for (const archive of this.archives.values()) bytes += archive.record.size;
    for (const directory of this.directories.values())
      for (const file of directory.files.values()) bytes += file.length;
    return bytes;
  }
}
