import { createSHA256 } from "hash-wasm";
import type { Slice } from "../core/cooperation/slice.ts";
import { recordBytes, ustarEnd, ustarPadding, writeUstarHeader } from "../core/tar/ustar.ts";
import { gzip } from "../platform/gzip.ts";
import { schemaVersion, type TarballRecord } from "./records.ts";
import type { Snapshot } from "./snapshot-reader.ts";

/** Bytes given to the compressor at once: about a millisecond of its work, which no slice can interrupt. */
const chunkBytes = 32 * 1024;
/** Bytes hashed between two looks at the slice. */
const hashBytes = 64 * 1024;
/** Largest part that is copied into a Blob in one step. */
const partBytes = 1024 * 1024;

/**
 * Builds `index.tar.gz` of a snapshot: `repoBytes` as `repo`, `version`, and `packages/**`, sorted by path bytes.
 * The same snapshot and `repoBytes` give the same bytes on one engine. Holds one chunk of the tar and one Blob part at
 * a time. Throws what reading the snapshot throws, and `bad-path` for a path that ustar cannot hold.
 */
export async function buildTarball(snapshot: Snapshot, repoBytes: Uint8Array, slice: Slice): Promise<TarballRecord> {
  const { readable, writable } = gzip();
  const output = collect(readable.getReader(), slice);
  // A failure of the input is reported below; here it would be an unhandled rejection.
  output.catch(() => {});
  const writer = new ChunkWriter(writable.getWriter(), slice);
  try {
    const mtime = snapshot.record.committedAt;
    await snapshot.visit("packages/", slice, (path, bytes) => {
      addFile(writer, path, bytes, mtime);
      return writer.flushed();
    });
    addFile(writer, "repo", repoBytes, mtime);
    const version = await snapshot.read("version");
    if (version !== undefined) addFile(writer, "version", version.bytes, mtime);
    writer.write(ustarEnd());
    await writer.close();
  } catch (thrown) {
    await writer.abort(thrown);
    throw thrown;
  }
  return { schema: schemaVersion, snapshot: snapshot.record.id, ...(await output) };
}

function addFile(writer: ChunkWriter, path: string, bytes: Uint8Array, mtime: number): void {
  writeUstarHeader(writer.room(recordBytes), path, bytes.length, mtime);
  writer.write(bytes);
  writer.room(ustarPadding(bytes.length)).fill(0);
}

/** Gathers small writes into chunks. What is full waits for `flushed`, which has to be awaited before much more is written. */
class ChunkWriter {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #slice: Slice;
  readonly #full: Uint8Array<ArrayBuffer>[] = [];
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  #chunk = new Uint8Array(chunkBytes);
  #used = 0;

  constructor(writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>, slice: Slice) {
    this.#writer = writer;
    this.#slice = slice;
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const part = this.room(Math.min(bytes.length - at, chunkBytes - (this.#used % chunkBytes)));
      part.set(bytes.subarray(at, at + part.length));
      at += part.length;
    }
  }

  /** The next bytes, all of which are to be written. They are of one chunk: tar counts in records, and a chunk holds a number of them. */
  room(size: number): Uint8Array {
    if (this.#used === chunkBytes) {
      this.#full.push(this.#chunk);
      this.#chunk = this.#free.pop() ?? new Uint8Array(chunkBytes);
      this.#used = 0;
    }
    this.#used += size;
    return this.#chunk.subarray(this.#used - size, this.#used);
  }

  /** Nothing to wait for while no chunk is full. */
  flushed(): Promise<void> | undefined {
    return this.#full.length === 0 ? undefined : this.#flush();
  }

  async close(): Promise<void> {
    await this.#flush();
    if (this.#used > 0) await this.#writer.write(this.#chunk.subarray(0, this.#used));
    await this.#writer.close();
  }

  async abort(reason: unknown): Promise<void> {
    await this.#writer.abort(reason).catch(() => {});
  }

  /** Awaiting the compressor is a microtask where it is ready, so this takes the slice. */
  async #flush(): Promise<void> {
    for (const chunk of this.#full.splice(0)) {
      await this.#writer.write(chunk);
      this.#free.push(chunk);
      if (this.#slice.due()) await this.#slice.pause();
    }
  }
}

async function collect(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  slice: Slice,
): Promise<{ readonly bytes: Blob; readonly sha256: string }> {
  const hasher = await createSHA256();
  hasher.init();
  const parts: Blob[] = [];
  let pending: Uint8Array<ArrayBuffer>[] = [];
  let pendingBytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    for (let at = 0; at < value.length; at += hashBytes) {
      hasher.update(value.subarray(at, at + hashBytes));
      if (slice.due()) await slice.pause();
    }
    pending.push(value as Uint8Array<ArrayBuffer>);
    pendingBytes += value.length;
    if (pendingBytes >= partBytes) {
      parts.push(new Blob(pending));
      pending = [];
      pendingBytes = 0;
    }
  }
  parts.push(new Blob(pending));
  return { bytes: new Blob(parts, { type: "application/gzip" }), sha256: hasher.digest() };
}
