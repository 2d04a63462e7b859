import type { Slice } from "../core/cooperation/slice.ts";
import { memoryArchives } from "./memory-archives.ts";
import { MemoryContents } from "./memory-contents.ts";
import { readMemoryPack, writeMemoryPack } from "./memory-pack.ts";
import { usableRecord, usableSnapshot } from "./record-schema.ts";
import {
  configured,
  nextEpoch,
  packMissing,
  published,
  withDamage,
  withKeeping,
  withLastSync,
} from "./repository-record.ts";
import type { GitFiles, Store } from "./store.ts";

/**
 * A store that lives as long as its contents: for tests, and for pages where nothing can be stored. Runs on every host.
 * Stores created on the same `contents` see each other's changes. Each step is atomic because it has no `await` inside.
 */
export function createMemoryStore(contents: MemoryContents = new MemoryContents(), slice?: Slice): Store {
  const repository = (name: string) => usableRecord(contents.repositories.get(name));

  return {
    kind: "memory",
    repositories: async () =>
      [...contents.repositories.values()].map(usableRecord).filter((record) => record !== undefined),
    repository: async (name) => repository(name),
    async configure(config) {
      const record = configured(repository(config.name), config);
      contents.repositories.set(config.name, record);
      return record;
    },
    async takeEpoch(name) {
      const record = nextEpoch(name, repository(name));
      contents.repositories.set(name, record);
      return record.epoch;
    },
    async saveLastSync(name, epoch, lastSync, branch) {
      const record = repository(name);
      if (record?.epoch === epoch) contents.repositories.set(name, withLastSync(record, lastSync, branch));
    },

    async saveDamage(name, snapshot, reason) {
      const record = withDamage(repository(name), snapshot, reason);
      if (record !== undefined) contents.repositories.set(name, record);
    },

    async saveKeeping(name, keeping) {
      const record = withKeeping(repository(name), keeping);
      if (record !== undefined) contents.repositories.set(name, record);
    },

    snapshot: async (id) => usableSnapshot(contents.snapshots.get(id)),
    async publish(snapshot, epoch) {
      const record = published(repository(snapshot.repository), snapshot, epoch);
      for (const key of snapshot.packs) if (!contents.packs.has(key)) throw packMissing(key);
      contents.snapshots.set(snapshot.id, snapshot);
      contents.repositories.set(record.name, record);
    },

    packWriter: () => writeMemoryPack(contents, slice),
    async pack(key) {
      const pack = contents.packs.get(key);
      return pack && readMemoryPack(key, pack, slice);
    },

    tarball: async (snapshot) => usableRecord(contents.tarballs.get(snapshot)),
    saveTarball: async (record) => void contents.tarballs.set(record.snapshot, record),

    archiveIndex: async (tree) => usableRecord(contents.archiveIndexes.get(tree)),
    saveArchiveIndex: async (record) => void contents.archiveIndexes.set(record.tree, record),

    ...memoryArchives(contents, slice),

    note: async (key) => structuredClone(contents.notes.get(key)),
    saveNote: async (key, value) => void contents.notes.set(key, structuredClone(value)),

    async collect(keep) {
      const named = new Set(keep);
      for (const record of contents.repositories.values()) {
        const pointer = usableRecord(record)?.snapshot;
        if (typeof pointer === "string") named.add(pointer);
      }
      const packs = new Set<string>();
      const trees = new Set<string>();
      for (const id of named) {
        const snapshot = contents.snapshots.get(id);
        for (const key of snapshot?.packs ?? []) packs.add(key);
        if (snapshot !== undefined) trees.add(snapshot.tree);
      }
      sweep(contents.archiveIndexes, trees);
      return {
        tarballs: sweep(contents.tarballs, named),
        packs: sweep(contents.packs, packs),
        snapshots: sweep(contents.snapshots, named),
      };
    },

    gitFiles: (name) => memoryGitFiles(contents, name),
    usage: async () => ({ usageBytes: contents.usedBytes, quotaBytes: 0, persisted: false }),
    close: async () => {},
  };
}

function sweep(map: Map<string, unknown>, named: ReadonlySet<string>): number {
  let deleted = 0;
  for (const key of map.keys()) if (!named.has(key) && map.delete(key)) deleted++;
  return deleted;
}

function memoryGitFiles(contents: MemoryContents, repository: string): GitFiles {
  return {
    async saveSuperblock(superblock) {
      contents.directory(repository).superblock = structuredClone(superblock);
    },
    async loadSuperblock() {
      return structuredClone(contents.directory(repository).superblock);
    },
    async readFile(inode) {
      return contents.directory(repository).files.get(inode)?.slice();
    },
    async writeFile(inode, data) {
      contents.directory(repository).files.set(inode, new Uint8Array(data));
    },
    async unlink(inode) {
      contents.directory(repository).files.delete(inode);
    },
    async wipe() {
      contents.directories.delete(repository);
    },
    async close() {},
  };
}
