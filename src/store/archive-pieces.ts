import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import { pieceBytes } from "./blob-bytes.ts";
import type { ArchiveRecord } from "./records.ts";
import type { ArchiveWriter, MakeRoom } from "./store.ts";

/** Where the pieces of an archive are kept. All but the last have `pieceBytes`. */
export interface ArchivePieces {
  /** Keeps a copy of the bytes. */
  put(index: number, piece: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Throws `store-lost`. */
  get(index: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Keeps the last piece, if there is one, and makes the archive known, in one step. */
  commit(record: ArchiveRecord, index: number, last: Uint8Array<ArrayBuffer>): Promise<void>;
  discard(): Promise<void>;
}

/** Reads a range across pieces. The piece that was read last is kept: readers go from the front to the back. */
export class PieceReader {
  readonly #size: number;
  readonly #get: (index: number) => Promise<Uint8Array<ArrayBuffer>>;
  #last: { readonly index: number; readonly bytes: Promise<Uint8Array<ArrayBuffer>> } | null = null;

  constructor(size: number, get: (index: number) => Promise<Uint8Array<ArrayBuffer>>) {
    this.#size = size;
    this.#get = get;
  }

  /** At most `length` bytes from `offset`, fewer only at the end. Throws `store-lost` where a piece is gone or too short. */
  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const start = Math.min(offset, this.#size);
    const end = Math.min(start + length, this.#size);
    const bytes = new Uint8Array(end - start);
    for (let at = start; at < end; ) {
      const index = Math.floor(at / pieceBytes);
      const piece = await this.#piece(index);
      const expected = Math.min(pieceBytes, this.#size - index * pieceBytes);
      if (piece.length !== expected) {
        throw new MirrorError("store-lost", { reason: `an archive: ${piece.length} of ${expected} bytes of a piece` });
      }
      const from = at - index * pieceBytes;
      const part = piece.subarray(from, Math.min(piece.length, from + end - at));
      bytes.set(part, at - start);
      at += part.length;
    }
    return bytes;
  }

  #piece(index: number): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#last?.index === index) return this.#last.bytes;
    const last = { index, bytes: this.#get(index) };
    this.#last = last;
    last.bytes.catch(() => {
      if (this.#last === last) this.#last = null;
    });
    return last.bytes;
  }
}

/** The writer of all stores: it fills pieces, and hands over each that is full. */
export function writePieces(pieces: ArchivePieces, slice: Slice | undefined, makeRoom?: MakeRoom): ArchiveWriter {
  let buffer = new Uint8Array(64 * 1024);
  let used = 0;
  let stored = 0;
  let ended = false;

  const withRoom = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (thrown) {
      const isFull = thrown instanceof MirrorError && thrown.code === "store-quota";
      if (!isFull || !(await makeRoom?.(used))) throw thrown;
      await work();
    }
  };
  const check = () => {
    if (ended) throw new MirrorError("aborted", { what: "writing an archive" });
  };

  return {
    get size() {
      return stored * pieceBytes + used;
    },

    async write(bytes) {
      for (let at = 0; at < bytes.length; ) {
        check();
        if (slice?.due()) await slice.pause();
        if (used === pieceBytes) {
          await withRoom(() => pieces.put(stored, buffer));
          stored++;
          used = 0;
        }
        const part = bytes.subarray(at, at + pieceBytes - used);
        if (used + part.length > buffer.length) {
          const grown = new Uint8Array(Math.min(pieceBytes, Math.max(2 * buffer.length, used + part.length)));
          grown.set(buffer.subarray(0, used));
          buffer = grown;
        }
        buffer.set(part, used);
        used += part.length;
        at += part.length;
      }
    },

    async read(offset, length) {
      const inBuffer = stored * pieceBytes;
      if (offset >= inBuffer) return buffer.slice(offset - inBuffer, Math.min(used, offset - inBuffer + length));
      const reader = new PieceReader(inBuffer, (index) => pieces.get(index));
      return reader.read(offset, length);
    },

    async commit(record) {
      check();
      await withRoom(() => pieces.commit(record, stored, buffer.subarray(0, used)));
      ended = true;
    },

    async abort() {
      if (ended) return;
      ended = true;
      await pieces.discard().catch(() => undefined);
    },
  };
}

/** What a record becomes when the same archive is stored again: what somebody decided about it stays. */
export function withOldDecisions(record: ArchiveRecord, old: ArchiveRecord | undefined): ArchiveRecord {
  if (old === undefined) return record;
  const urls = [...new Set([...old.urls, ...record.urls])];
  return { ...record, urls, pinned: record.pinned || old.pinned };
}
