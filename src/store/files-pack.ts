import { type FileHandle, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import { pieceBytes } from "./blob-bytes.ts";
import { PendingFile, syncFolder } from "./files-durable.ts";
import { accessing } from "./files-failure.ts";
import type { StoreFolder } from "./files-folder.ts";
import { OpenFile } from "./files-open.ts";
import type { PackReadable, PackWriter } from "./store.ts";

/** A stored pack by its open files: it can be read to its end, also when it is deleted meanwhile. */
export async function readPackFiles(folder: StoreFolder, key: string): Promise<PackReadable | undefined> {
  const [pack, idx] = await Promise.all([
    OpenFile.open(`pack ${key}`, packPath(folder, key)),
    OpenFile.open(`index of pack ${key}`, idxPath(folder, key)),
  ]);
  if (pack === undefined || idx === undefined) return undefined;
  return {
    key,
    size: pack.size,
    read: (offset, length) => pack.read(offset, length),
    idx: () => idx.read(0, idx.size),
  };
}

export async function packExists(folder: StoreFolder, key: string): Promise<boolean> {
  const found = await Promise.all(
    [packPath(folder, key), idxPath(folder, key)].map((path) => stat(path).catch(() => null)),
  );
  return found.every((file) => file?.isFile() === true);
}

/** Writes a pack aside; it has its name once all of it is on the disk. */
export function writePackFiles(folder: StoreFolder, slice: Slice | undefined): PackWriter {
  let file: Promise<PendingFile> | null = null;
  let ended: { readonly key: string | null } | null = null;
  let size = 0;
  const pending = () => {
    file ??= PendingFile.create(folder.root);
    return file;
  };

  return {
    async write(bytes) {
      if (ended) throw writerEnded();
      size += bytes.length;
      await accessing("write pack", async () => (await pending()).write(bytes), size);
    },

    async commit(key, idx) {
      if (ended?.key === key) return;
      if (ended) throw writerEnded();
      const work = async () => {
        const pack = await pending();
        const index = await PendingFile.create(folder.root);
        try {
          await index.write(idx);
          // The key is the hash of bytes that the caller has just verified: a stored copy that differs is a damaged one.
          const stored = await readPackFiles(folder, key);
          const kept =
            stored !== undefined &&
            (await sameBytes(await stored.idx(), idx, slice)) &&
            (await samePack(stored, pack.handle, size, slice));
          if (kept) {
            await pack.discard();
            return;
          }
          await Promise.all([pack.handle.sync(), index.handle.sync()]);
          // A pack counts when both are there, and is known by the name that comes last.
          await index.settle(idxPath(folder, key), false);
          await pack.settle(packPath(folder, key), false);
          await syncFolder(dirname(packPath(folder, key)));
        } finally {
          await index.discard();
        }
      };
      await accessing("write pack", work, size + idx.length);
      ended = { key };
    },

    async abort() {
      if (ended) return;
      ended = { key: null };
      await file?.then(
        (opened) => opened.discard(),
        () => undefined,
      );
    },
  };
}

function packPath(folder: StoreFolder, key: string): string {
  return folder.path("packs", key, ".pack");
}

function idxPath(folder: StoreFolder, key: string): string {
  return folder.path("packs", key, ".idx");
}

async function samePack(
  stored: PackReadable,
  written: FileHandle,
  size: number,
  slice: Slice | undefined,
): Promise<boolean> {
  if (stored.size !== size) return false;
  const piece = new Uint8Array(pieceBytes);
  for (let at = 0; at < size; ) {
    const { bytesRead } = await written.read(piece, 0, pieceBytes, at);
    if (bytesRead === 0) return false;
    if (!(await sameBytes(await stored.read(at, bytesRead), piece.subarray(0, bytesRead), slice))) return false;
    at += bytesRead;
  }
  return true;
}

async function sameBytes(left: Uint8Array, right: Uint8Array, slice: Slice | undefined): Promise<boolean> {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at += pieceBytes) {
    if (slice?.due()) await slice.pause();
    if (Buffer.compare(left.subarray(at, at + pieceBytes), right.subarray(at, at + pieceBytes)) !== 0) return false;
  }
  return true;
}

function writerEnded(): MirrorError {
  return new MirrorError("aborted", { what: "writing the pack" });
}
