import type { ArchiveWriter, Store } from "../src/store/store.ts";

/** What returns a promise, and so may wait until the store is open. */
type Passed = Exclude<keyof Store, "kind" | "packWriter" | "archiveWriter" | "gitFiles">;

const passed: Readonly<Record<Passed, 0>> = {
  repositories: 0,
  repository: 0,
  configure: 0,
  takeEpoch: 0,
  saveLastSync: 0,
  saveDamage: 0,
  saveKeeping: 0,
  snapshot: 0,
  publish: 0,
  pack: 0,
  tarball: 0,
  saveTarball: 0,
  archiveIndex: 0,
  saveArchiveIndex: 0,
  archive: 0,
  archivesWith: 0,
  archiveRecords: 0,
  changeArchive: 0,
  removeArchive: 0,
  archiveTotals: 0,
  note: 0,
  saveNote: 0,
  collect: 0,
  usage: 0,
  close: 0,
};

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
  const later =
    (name: Passed) =>
    async (...given: never[]) => {
      const opened = (await store()) as unknown as Record<Passed, (...given: never[]) => unknown>;
      return opened[name](...given);
    };
  const names = Object.keys(passed) as Passed[];
  return {
    ...(Object.fromEntries(names.map((name) => [name, later(name)])) as unknown as Pick<Store, Passed>),
    kind: "indexeddb",
    packWriter: () => {
      throw new RangeError("a lazily opened store does not write packs");
    },
    archiveWriter: (makeRoom) => lazyWriter(async () => (await store()).archiveWriter(makeRoom)),
    gitFiles: () => {
      throw new RangeError("a lazily opened store has no Git files");
    },
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
