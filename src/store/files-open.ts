import { type FileHandle, open } from "node:fs/promises";
import { errorCode, fileLost } from "./files-failure.ts";

/** Closes the files of readers that nobody holds any more: the Store's readers have no `close`. */
const abandoned = new FinalizationRegistry<FileHandle>((handle) => void handle.close().catch(() => undefined));

/** An open file. It stays readable for as long as somebody holds this, whatever becomes of its name. */
export class OpenFile {
  readonly size: number;
  readonly #what: string;
  readonly #handle: FileHandle;

  /** Takes over the handle: it is closed when nobody holds this any more. `what` is for messages. */
  constructor(what: string, handle: FileHandle, size: number) {
    this.#what = what;
    this.#handle = handle;
    this.size = size;
    abandoned.register(this, handle);
  }

  /** Undefined when there is no such file. */
  static async open(what: string, path: string): Promise<OpenFile | undefined> {
    const handle = await open(path, "r").catch((thrown: unknown) => {
      if (["ENOENT", "ENOTDIR"].includes(errorCode(thrown))) return undefined;
      throw thrown;
    });
    if (handle === undefined) return undefined;
    try {
      return new OpenFile(what, handle, (await handle.stat()).size);
    } catch (thrown) {
      await handle.close();
      throw thrown;
    }
  }

  /** At most `length` bytes from `offset`; fewer only at the end. Throws `store-lost` when the file has become shorter. */
  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const start = Math.min(offset, this.size);
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - start)));
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await this.#handle
        .read(bytes, at, bytes.length - at, start + at)
        .catch((thrown: unknown) => {
          throw fileLost(this.#what, thrown);
        });
      if (bytesRead === 0) throw fileLost(this.#what, new Error(`it ends at byte ${start + at} of ${this.size}`));
      at += bytesRead;
    }
    return bytes;
  }
}
