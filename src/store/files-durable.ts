import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { errorCode } from "./files-failure.ts";

/** Where files are written before they get their names; emptied when the store is opened. */
export const pendingFolder = "pending";

/** A file that has no name yet: `settle` gives it one in one step, and until then nobody sees it. */
export class PendingFile {
  readonly path: string;
  readonly handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.handle = handle;
  }

  static async create(root: string): Promise<PendingFile> {
    const path = join(root, pendingFolder, randomUUID());
    return new PendingFile(path, await open(path, "wx+"));
  }

  /** At the end of what was written. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.handle.write(bytes, at, bytes.length - at);
      at += bytesWritten;
    }
  }

  /** Repeating a call that failed does no harm. */
  async writeAt(bytes: Uint8Array, position: number): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.handle.write(bytes, at, bytes.length - at, position + at);
      at += bytesWritten;
    }
  }

  /**
   * Renames the file to `path`, replacing what is there. With `durable` the bytes are on the disk before the name is, and the
   * name before this resolves: after a loss of power there is the old file or the new one.
   */
  async settle(path: string, durable: boolean): Promise<void> {
    if (durable) await this.handle.sync();
    await this.handle.close();
    await rename(this.path, path);
    if (durable) await syncFolder(dirname(path));
  }

  /** Never throws. */
  async discard(): Promise<void> {
    await this.handle.close().catch(() => undefined);
    await rm(this.path, { force: true }).catch(() => undefined);
  }
}

/** Writes a small file aside and gives it its name in one step. */
export async function replaceFile(
  root: string,
  path: string,
  parts: readonly Uint8Array[],
  durable: boolean,
): Promise<void> {
  const pending = await PendingFile.create(root);
  try {
    for (const part of parts) await pending.write(part);
    await pending.settle(path, durable);
  } catch (thrown) {
    await pending.discard();
    throw thrown;
  }
}

/** Names in a folder are data of the folder: a rename is safe from a loss of power when the folder was synced after it. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } catch (thrown) {
    // Some file systems cannot sync a folder and say so; there is nothing better to do on them.
    if (!["EINVAL", "EPERM", "EISDIR", "ENOTSUP"].includes(errorCode(thrown))) throw thrown;
  } finally {
    await folder.close();
  }
}

/** Creates a folder whose name is on the disk when this resolves. */
export async function makeFolder(path: string): Promise<void> {
  const created = await mkdir(path, { recursive: true });
  if (created !== undefined) await syncFolder(dirname(created));
}
