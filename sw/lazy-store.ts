import type { ArchiveWriter, Store } from "../src/store/store.ts";

/** A store that is opened by its first use: a service worker that is woken for nothing of ours opens no database. */
export function lazyStore(open: () => Promise<Store>): Store {
  let opening: Promise<Store> | null = null;
  const store = () => {
    opening ??= open().catch((thrown: unknown) => {
      opening = null;
      throw thrown;
    });
    return opening;
  };
  return {
    kind: "indexeddb",
    repositories: async () => (await store()).repositories(),
    repository: async (name) => (await store()).repository(name),
    configure: async (config) => (await store()).configure(config),
    takeEpoch: async (name) => (await store()).takeEpoch(name),
    saveLastSync: async (...args) => (await store()).saveLastSync(...args),
    saveDamage: async (...args) => (await store()).saveDamage(...args),
    saveKeeping: async (...args) => (await store()).saveKeeping(...args),
    snapshot: async (id) => (await store()).snapshot(id),
    publish: async (...args) => (await store()).publish(...args),
    packWriter: () => {
      throw new RangeError("a lazily opened store does not write packs");
    },
    pack: async (key) => (await store()).pack(key),
    tarball: async (snapshot) => (await store()).tarball(snapshot),
    saveTarball: async (record) => (await store()).saveTarball(record),
    archiveIndex: async (tree) => (await store()).archiveIndex(tree),
    saveArchiveIndex: async (record) => (await store()).saveArchiveIndex(record),
    archive: async (sha256) => (await store()).archive(sha256),
    archivesWith: async (...args) => (await store()).archivesWith(...args),
    archiveRecords: async () => (await store()).archiveRecords(),
    archiveWriter: (makeRoom) => lazyWriter(async () => (await store()).archiveWriter(makeRoom)),
    changeArchive: async (...args) => (await store()).changeArchive(...args),
    removeArchive: async (sha256) => (await store()).removeArchive(sha256),
    archiveTotals: async () => (await store()).archiveTotals(),
    note: async (key) => (await store()).note(key),
    saveNote: async (...args) => (await store()).saveNote(...args),
    collect: async (keep) => (await store()).collect(keep),
    gitFiles: () => {
      throw new RangeError("a lazily opened store has no Git files");
    },
    usage: async () => (await store()).usage(),
    close: async () => (await store()).close(),
  };
}

function lazyWriter(open: () => Promise<ArchiveWriter>): ArchiveWriter {
  let opening: Promise<ArchiveWriter> | null = null;
  let size = 0;
  const writer = () => {
    opening ??= open();
    return opening;
  };
  return {
    get size() {
      return size;
    },
    async write(bytes) {
      const opened = await writer();
      await opened.write(bytes);
      size = opened.size;
    },
    read: async (...range) => (await writer()).read(...range),
    commit: async (record) => (await writer()).commit(record),
    async abort() {
      await opening?.then(
        (opened) => opened.abort(),
        () => undefined,
      );
    },
  };
}
