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
  /** Where what `get` returns is nobody else's: gives it back. */
  readonly discardPiece?: (piece: Uint8Array<ArrayBuffer>) => void;
  /** Keeps the last piece, if there is one, and makes the archive known, in one step. */
  commit(record: ArchiveRecord, index: number, last: Uint8Array<ArrayBuffer>): Promise<void>;
  discard(): Promise<void>;
}

interface HeldPiece {
  readonly index: number;
  readonly bytes: Promise<Uint8Array<ArrayBuffer>>;
  /** Reads that copy from it. */
  readers: number;
}

/** Reads a range across pieces. The piece that was read last is kept: readers go from the front to the back. */
export class PieceReader {
  readonly #size: () => number;
  readonly #get: (index: number) => Promise<Uint8Array<ArrayBuffer>>;
  readonly #discard: ((piece: Uint8Array<ArrayBuffer>) => void) | null;
  #last: HeldPiece | null = null;

  /** `discard`: where what `get` returns is nobody else's, it is given back by this. */
  constructor(
    size: () => number,
    get: (index: number) => Promise<Uint8Array<ArrayBuffer>>,
    discard: ((piece: Uint8Array<ArrayBuffer>) => void) | null = null,
  ) {
    this.#size = size;
    this.#get = get;
    this.#discard = discard;
  }

  /** See StoredArchive.read. Throws `store-lost` where a piece is gone or too short. */
  async read(offset: number, length: number, into?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const size = this.#size();
    const start = Math.min(offset, size);
    const end = Math.min(start + length, size);
    const bytes = into?.subarray(0, end - start) ?? new Uint8Array(end - start);
    for (let at = start; at < end; ) {
      const index = Math.floor(at / pieceBytes);
      const held = this.#hold(index);
      try {
        const piece = await held.bytes;
        const expected = Math.min(pieceBytes, size - index * pieceBytes);
        if (piece.length !== expected) {
          const reason = `an archive: ${piece.length} of ${expected} bytes of a piece`;
          throw new MirrorError("store-lost", { reason });
        }
        const from = at - index * pieceBytes;
        const part = piece.subarray(from, Math.min(piece.length, from + end - at));
        bytes.set(part, at - start);
        at += part.length;
      } finally {
        held.readers--;
        if (held !== this.#last) this.#drop(held);
      }
    }
    return bytes;
  }

  #hold(index: number): HeldPiece {
    const before = this.#last;
    if (before?.index === index) {
      before.readers++;
      return before;
    }
    const held = { index, bytes: this.#get(index), readers: 1 };
    this.#last = held;
    if (before !== null) this.#drop(before);
    held.bytes.catch(() => {
      if (this.#last === held) this.#last = null;
    });
    return held;
  }

  #drop(held: HeldPiece): void {
    const discard = this.#discard;
    if (discard !== null && held.readers === 0) held.bytes.then(discard).catch(() => undefined);
  }
}

/** The writer of all stores: it fills pieces, and hands over each that is full. */
export function writePieces(pieces: ArchivePieces, slice: Slice | undefined, makeRoom?: MakeRoom): ArchiveWriter {
  let buffer = new Uint8Array(64 * 1024);
  let used = 0;
  let stored = 0;
  let ended = false;
  const reader = new PieceReader(
    () => stored * pieceBytes,
    (index) => pieces.get(index),
    pieces.discardPiece ?? null,
  );

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

    async read(offset, length, into) {
      const inBuffer = stored * pieceBytes;
      if (offset < inBuffer) return reader.read(offset, length, into);
      const bytes = buffer.subarray(offset - inBuffer, Math.min(used, offset - inBuffer + length));
      if (into === undefined) return bytes.slice();
      into.set(bytes);
      return into.subarray(0, bytes.length);
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
