import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import { withOldDecisions } from "./archive-pieces.ts";
import { parsed } from "./files-container.ts";
import { PendingFile, replaceFile } from "./files-durable.ts";
import { accessing, errorCode, fileFailure } from "./files-failure.ts";
import type { StoreFolder } from "./files-folder.ts";
import { OpenFile } from "./files-open.ts";
import type { ArchiveStore } from "./memory-archives.ts";
import { usableRecord } from "./record-schema.ts";
import { type ArchiveRecord, schemaVersion } from "./records.ts";
import type { ArchiveWriter, MakeRoom } from "./store.ts";

/** Bytes of an archive that are read or written by one call. */
const stepBytes = 128 * 1024;

/**
 * The archives of a folder: the bytes under their sha256, and in a small file beside them what is known of them. The record comes first: one
 * without its bytes is none, and bytes without a record would be counted by nobody.
 */
export function fileArchives(folder: StoreFolder, slice: Slice | undefined): ArchiveStore {
  const records = async () => [...(await archiveRecords(folder)).values()];
  return {
    archive: (sha256) =>
      accessing("read archive", async () => {
        const record = usableRecord(await readRecord(folder, sha256));
        const file = record && (await OpenFile.open(`archive ${sha256}`, folder.path("archives", sha256)));
        if (file === undefined || file.size !== record?.size) return undefined;
        return { record, read: (offset, length) => file.read(offset, length) };
      }),
    archivesWith: (algorithm, hex) =>
      accessing("find archive", async () =>
        (await records()).flatMap((record) => (record[algorithm] === hex ? [record.sha256] : [])),
      ),
    archiveRecords: () =>
      accessing("list archives", async () => (await records()).filter(({ schema }) => schema <= schemaVersion)),
    archiveWriter: (makeRoom) => writeArchive(folder, slice, makeRoom),
    changeArchive: (sha256, change) =>
      folder.exclusive(() =>
        accessing("change archive", async () => {
          const old = usableRecord(await readRecord(folder, sha256));
          if (old === undefined) return;
          const record = { ...old, ...change };
          await writeRecord(folder, record);
          (await archiveRecords(folder)).set(sha256, record);
        }),
      ),
    removeArchive: (sha256) =>
      folder.exclusive(() =>
        accessing("remove archive", async () => {
          // The record last: without it nobody would look for the bytes any more.
          await rm(folder.path("archives", sha256), { force: true });
          await rm(folder.path("archive-records", sha256), { force: true });
          (await archiveRecords(folder)).delete(sha256);
        }),
      ),
    archiveTotals: () =>
      accessing("list archives", async () => {
        let storedBytes = 0;
        const all = await records();
        for (const { size } of all) storedBytes += size;
        return { stored: all.length, storedBytes };
      }),
  };
}

/** Read once, then kept up to date: there may be ten thousand of them. */
export function archiveRecords(folder: StoreFolder): Promise<Map<string, ArchiveRecord>> {
  const read = async () => {
    const found = new Map<string, ArchiveRecord>();
    for (const name of await readdir(join(folder.root, "archive-records"))) {
      const record = parsed(await readFile(join(folder.root, "archive-records", name))) as ArchiveRecord | undefined;
      if (record?.sha256 !== name) continue;
      if ((await stat(join(folder.root, "archives", name)).catch(() => null))?.size === record.size)
        found.set(name, record);
    }
    return found;
  };
  folder.archives ??= read().catch((thrown: unknown) => {
    folder.archives = null;
    throw thrown;
  });
  return folder.archives;
}

async function readRecord(folder: StoreFolder, sha256: string): Promise<ArchiveRecord | undefined> {
  const bytes = await readFile(folder.path("archive-records", sha256)).catch((thrown: unknown) => {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(thrown))) return null;
    throw thrown;
  });
  return bytes === null ? undefined : (parsed(bytes) as ArchiveRecord | undefined);
}

async function writeRecord(folder: StoreFolder, record: ArchiveRecord): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(record)}\n`);
  await replaceFile(folder.root, folder.path("archive-records", record.sha256), [bytes], false);
}

function writeArchive(folder: StoreFolder, slice: Slice | undefined, makeRoom: MakeRoom | undefined): ArchiveWriter {
  let opening: Promise<PendingFile> | null = null;
  let settled: OpenFile | undefined;
  /** Whether the bytes have their name. */
  let named = false;
  let size = 0;
  let ended = false;
  const pending = () => {
    opening ??= PendingFile.create(folder.root);
    return opening;
  };
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    if (ended) throw new MirrorError("aborted", { what: "writing an archive" });
    for (let isSecond = false; ; isSecond = true) {
      try {
        return await work();
      } catch (thrown) {
        const failure = fileFailure("write archive", thrown, size);
        if (isSecond || failure.code !== "store-quota" || !(await makeRoom?.(size))) throw failure;
      }
    }
  };

  return {
    get size() {
      return size;
    },
    async write(bytes) {
      for (let at = 0; at < bytes.length; at += stepBytes) {
        if (slice?.due()) await slice.pause();
        const step = bytes.subarray(at, at + stepBytes);
        await attempt(async () => (await pending()).writeAt(step, size));
        size += step.length;
      }
    },
    async read(offset, length) {
      if (settled !== undefined) return settled.read(offset, length);
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      const { bytesRead } = await (await pending()).handle.read(bytes, 0, bytes.length, offset);
      return bytes.subarray(0, bytesRead);
    },
    async commit(record) {
      await attempt(() =>
        folder.exclusive(async () => {
          const path = folder.path("archives", record.sha256);
          const kept = withOldDecisions(record, usableRecord(await readRecord(folder, record.sha256)));
          // Tried again, it is written again: a collection meanwhile may have taken it for one whose bytes are gone.
          await writeRecord(folder, kept);
          if (!named) {
            const file = await pending();
            // Opened before its handle is closed: whoever reads meanwhile reads on.
            settled = await OpenFile.open(`archive ${record.sha256}`, file.path);
            await file.settle(path, false);
            named = true;
          }
          (await archiveRecords(folder)).set(kept.sha256, kept);
        }),
      );
      ended = true;
    },
    async abort() {
      if (ended) return;
      ended = true;
      await opening?.then(
        (file) => file.discard(),
        () => undefined,
      );
    },
  };
}
