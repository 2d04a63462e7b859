import type { Slice } from "../cooperation/slice.ts";
import type { Digest } from "./digest.ts";
import { packHeader } from "./pack-header.ts";

const bufferBytes = 256 * 1024;
/** Bytes hashed between two looks at the slice. */
const hashBytes = 64 * 1024;

/** Writes the frame of a pack, version 2 (Git documentation, gitformat-pack): header, entries as they are given, SHA-1 of it all. */
export class PackStream {
  readonly #sha1: Digest;
  readonly #slice: Slice;
  readonly #sink: (bytes: Uint8Array) => Promise<void>;
  readonly #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(bufferBytes);
  #used = 0;
  #flushed = 0;

  constructor(sha1: Digest, slice: Slice, sink: (bytes: Uint8Array) => Promise<void>) {
    this.#sha1 = sha1;
    this.#slice = slice;
    this.#sink = sink;
  }

  /** Bytes written so far: the position of what comes next. */
  get length(): number {
    return this.#flushed + this.#used;
  }

  async begin(objects: number): Promise<void> {
    this.#sha1.init();
    await this.write(packHeader(objects));
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + bufferBytes - this.#used);
      this.#buffer.set(part, this.#used);
      this.#used += part.length;
      at += part.length;
      if (this.#used === bufferBytes) await this.#flush();
    }
  }

  async end(): Promise<void> {
    await this.#flush();
    await this.#sink(this.#sha1.digest());
  }

  async #flush(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#used);
    for (let at = 0; at < bytes.length; at += hashBytes) {
      this.#sha1.update(bytes.subarray(at, at + hashBytes));
      if (this.#slice.due()) await this.#slice.pause();
    }
    await this.#sink(bytes);
    this.#flushed += bytes.length;
    this.#used = 0;
  }
}
