import { readdir, readFile, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Slice } from "../core/cooperation/slice.ts";
import type { StorageStatus } from "../protocol/status.ts";
import { archiveRecords, fileArchives } from "./files-archives.ts";
import { FileBlob } from "./files-blob.ts";
import { collectFiles } from "./files-collect.ts";
import { parsed, readContainer, writeContainer } from "./files-container.ts";
import { replaceFile } from "./files-durable.ts";
import { accessing } from "./files-failure.ts";
import { holdFolder, type StoreFolder } from "./files-folder.ts";
import { gitFilesIn } from "./files-git.ts";
import { packExists, readPackFiles, writePackFiles } from "./files-pack.ts";
import { usableRecord, usableSnapshot } from "./record-schema.ts";
import type { ArchiveIndexRecord, SnapshotRecord, TarballRecord } from "./records.ts";
import {
  configured,
  nextEpoch,
  packMissing,
  published,
  withDamage,
  withKeeping,
  withLastSync,
} from "./repository-record.ts";
import type { Store } from "./store.ts";

/**
 * A store in a folder, for Node. Files are written aside and renamed; a snapshot, its packs and its pointer are on the disk, in this order,
 * before `publish` resolves. One process at a time: throws FolderInUse while another one has the folder open. `forget`: repositories that
 * were stored before are not there any more.
 */
export async function openFileStore(root: string, slice?: Slice, forget: boolean = false): Promise<Store> {
  const { folder, release } = await accessing("open the folder", () => holdFolder(root, forget));
  let closed = false;

  return {
    kind: "files",
    repositories: async () => folder.repositories(),
    repository: async (name) => folder.repository(name),
    configure: (config) =>
      changing(folder, "configure", async () => {
        const old = folder.repository(config.name);
        const record = configured(old, config);
        if (JSON.stringify(old) !== JSON.stringify(record)) await folder.saveRepository(record, true);
        return record;
      }),
    takeEpoch: (name) =>
      changing(folder, "take epoch", async () => {
        const record = nextEpoch(name, folder.repository(name));
        await folder.saveRepository(record, true);
        return record.epoch;
      }),
    saveLastSync: (name, epoch, lastSync, branch) =>
      changing(folder, "save last sync", async () => {
        const record = folder.repository(name);
        if (record?.epoch === epoch) await folder.saveRepository(withLastSync(record, lastSync, branch), false);
      }),

    saveDamage: (name, snapshot, reason) =>
      changing(folder, "save damage", async () => {
        const record = withDamage(folder.repository(name), snapshot, reason);
        if (record !== undefined) await folder.saveRepository(record, true);
      }),

    saveKeeping: (name, keeping) =>
      changing(folder, "save keeping", async () => {
        const record = withKeeping(folder.repository(name), keeping);
        if (record !== undefined) await folder.saveRepository(record, true);
      }),

    snapshot: (id) => accessing("read snapshot", () => readSnapshot(folder, id)),
    publish: (snapshot, epoch) =>
      changing(folder, "publish", async () => {
        const record = published(folder.repository(snapshot.repository), snapshot, epoch);
        for (const key of snapshot.packs) if (!(await packExists(folder, key))) throw packMissing(key);
        const { manifest, ...rest } = snapshot;
        const bytes = new Uint8Array(manifest);
        await writeContainer(folder.root, folder.path("snapshots", snapshot.id), rest, bytes, true, slice);
        await folder.saveRepository(record, true);
      }),

    packWriter: () => writePackFiles(folder, slice),
    pack: (key) => accessing("read pack", () => readPackFiles(folder, key)),

    tarball: (snapshot) => accessing("read tarball", () => readTarball(folder, snapshot)),
    saveTarball: ({ bytes, ...record }) =>
      changing(folder, "save tarball", () =>
        writeContainer(folder.root, folder.path("tarballs", record.snapshot), record, bytes, false, slice),
      ),

    archiveIndex: (tree) => accessing("read archive index", () => readArchiveIndex(folder, tree)),
    saveArchiveIndex: ({ tables, ...record }) =>
      changing(folder, "save archive index", () =>
        writeContainer(
          folder.root,
          folder.path("archive-indexes", record.tree),
          record,
          new Uint8Array(tables),
          false,
          slice,
        ),
      ),

    ...fileArchives(folder, slice),

    note: (key) =>
      accessing("read note", async () => {
        const bytes = await readFile(folder.path("notes", key)).catch(() => null);
        return bytes === null ? undefined : parsed(bytes);
      }),
    saveNote: (key, value) =>
      changing(folder, "write note", async () => {
        const bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
        await replaceFile(folder.root, folder.path("notes", key), [bytes], false);
      }),

    collect: (keep) => changing(folder, "collect", () => collectFiles(folder, keep)),
    gitFiles: (repository) => gitFilesIn(folder, repository),
    usage: () => accessing("measure the folder", () => usage(folder)),
    async close() {
      if (closed) return;
      closed = true;
      await folder.exclusive(async () => undefined);
      await release();
    },
  };
}

function changing<T>(folder: StoreFolder, operation: string, work: () => Promise<T>): Promise<T> {
  return folder.exclusive(() => accessing(operation, work));
}

async function readSnapshot(folder: StoreFolder, id: string): Promise<SnapshotRecord | undefined> {
  const found = await readContainer<SnapshotRecord>(`snapshot ${id}`, folder.path("snapshots", id));
  const record = usableSnapshot(found?.record);
  if (found === undefined || record === undefined) return undefined;
  const { buffer } = await found.file.read(found.bodyAt, found.file.size - found.bodyAt);
  return { ...record, manifest: buffer };
}

async function readArchiveIndex(folder: StoreFolder, tree: string): Promise<ArchiveIndexRecord | undefined> {
  const found = await readContainer<ArchiveIndexRecord>(`archive index ${tree}`, folder.path("archive-indexes", tree));
  const record = usableRecord(found?.record);
  if (found === undefined || record === undefined) return undefined;
  const { buffer } = await found.file.read(found.bodyAt, found.file.size - found.bodyAt);
  return { ...record, tables: buffer };
}

async function readTarball(folder: StoreFolder, id: string): Promise<TarballRecord | undefined> {
  const found = await readContainer<TarballRecord>(`tarball ${id}`, folder.path("tarballs", id));
  const record = usableRecord(found?.record);
  if (found === undefined || record === undefined) return undefined;
  const { file, bodyAt } = found;
  return { ...record, bytes: new FileBlob(file, bodyAt, file.size, "application/gzip") };
}

async function usage(folder: StoreFolder): Promise<StorageStatus> {
  let usageBytes = 0;
  for (const { size } of (await archiveRecords(folder)).values()) usageBytes += size;
  for (const name of ["snapshots", "packs", "tarballs", "archive-indexes"]) {
    for (const file of await readdir(join(folder.root, name)))
      usageBytes += (await stat(join(folder.root, name, file)).catch(() => null))?.size ?? 0;
  }
  const { bavail, bsize } = await statfs(folder.root);
  return { usageBytes, quotaBytes: usageBytes + bavail * bsize, persisted: true };
}
