import type { Slice } from "../core/cooperation/slice.ts";
import { BlobPieces } from "../store/blob-pieces.ts";
import type { ArchiveRecord } from "../store/records.ts";
import type { ArchiveWriter } from "../store/store.ts";
import { RecentBytes } from "./recent-bytes.ts";

/**
 * The bytes of an archive while they arrive: in the store piece by piece, and where that has no room or fails, from there on in Blobs,
 * which browsers keep outside of this thread's memory. The newest are in memory, so that those who follow do not read them back.
 */
export class ArchiveBuffer {
  readonly #writer: ArchiveWriter;
  readonly #spilled: BlobPieces;
  readonly #recent: RecentBytes = new RecentBytes();
  /** Where the Blobs begin. */
  #spillAt: number | null = null;
  #blob: { readonly size: number; readonly bytes: Blob } | null = null;
  #size = 0;

  constructor(writer: ArchiveWriter, slice: Slice) {
    this.#writer = writer;
    this.#spilled = new BlobPieces(slice);
  }

  get size(): number {
    return this.#size;
  }

  async write(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    if (this.#spillAt === null) {
      const before = this.#writer.size;
      try {
        await this.#writer.write(bytes);
        rest = bytes.subarray(bytes.length);
      } catch {
        this.#spillAt = this.#writer.size;
        rest = bytes.subarray(this.#spillAt - before);
      }
    }
    await this.#spilled.add(rest);
    this.#recent.add(bytes);
    this.#size += bytes.length;
  }

  /** Some bytes from `offset`, at most `length`, in `into` if it is given. Throws `store-lost`. */
  async read(offset: number, length: number, into?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const recent = this.#recent.read(offset, length, into);
    if (recent !== null) return recent;
    const spillAt = this.#spillAt;
    if (spillAt === null || offset < spillAt) {
      return this.#writer.read(offset, spillAt === null ? length : Math.min(length, spillAt - offset), into);
    }
    if (this.#blob?.size !== this.#size) this.#blob = { size: this.#size, bytes: this.#spilled.blob() };
    const from = offset - spillAt;
    return new Uint8Array(await this.#blob.bytes.slice(from, from + length).arrayBuffer());
  }

  /** False when the store has not kept it: then the bytes are here for as long as this is. */
  async commit(record: ArchiveRecord): Promise<boolean> {
    if (this.#spillAt !== null) return false;
    try {
      await this.#writer.commit(record);
      return true;
    } catch {
      return false;
    }
  }

  abort(): Promise<void> {
    return this.#writer.abort();
  }
}
