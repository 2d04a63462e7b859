import type { Clock } from "../core/cooperation/clock.ts";
import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import type { Digest } from "../core/git/digest.ts";
import { toHex } from "../core/git/oid.ts";
import { isArchive } from "../core/opam/archive-sources.ts";
import type { Checksum } from "../core/opam/checksum.ts";
import { createDigest } from "../platform/digest.ts";
import { sha256 } from "../platform/sha256.ts";
import { pieceBytes } from "../store/blob-bytes.ts";
import type { ArchiveRecord } from "../store/records.ts";
import type { Store, StoredArchive } from "../store/store.ts";
import type { KnownArchive } from "./archive-catalog.ts";
import { Digests } from "./blob-digest.ts";
import type { Archive, ArchiveStream } from "./ports.ts";

/** Archives up to this size are answered from memory, so that the very bytes that were hashed go out. */
export const wholeBytes: number = 8 * 1024 * 1024;
/** Bytes that are hashed in one call. */
const smallBytes = 64 * 1024;
/** Checksums of small archives that are remembered; beyond it, all are forgotten. */
const rememberedSmall = 5_000;
/** Large archives whose pieces are known. */
const rememberedPieces = 32;
/** How exactly the last use of an archive is recorded. Milliseconds. */
const useMs = 60_000;

/** A small archive that was found before: what was known of it then, and how it is read again. */
interface SmallArchive {
  record: ArchiveRecord;
  readonly again: NonNullable<StoredArchive["again"]>;
}

export interface StoredArchivesDeps {
  readonly store: Pick<Store, "archive" | "archivesWith" | "changeArchive">;
  readonly clock: Clock;
  readonly slice: () => Slice;
  /** See ServedArchivesDeps. */
  readonly reuseChunks?: boolean;
}

/**
 * Archives of the store. Nothing is believed: bytes are hashed when they are read. Of a large archive all bytes are hashed before the
 * first goes out, piece by piece, and each piece again when it does, because it is read again then.
 */
export class StoredArchives {
  readonly #deps: StoredArchivesDeps;
  /** Used without a pause between its first call and its last: one is enough. */
  #hasher: Promise<Digest> | null = null;
  /** By each checksum. */
  readonly #small = new Map<string, SmallArchive>();
  /** Hex sha256 of each piece, by the sha256 of the whole. */
  readonly #pieces = new Map<string, readonly string[]>();

  constructor(deps: StoredArchivesDeps) {
    this.#deps = deps;
  }

  /** Null when none is what was asked for and all that `known` lists, or when its bytes are not what they were. */
  async find(asked: Checksum, known: KnownArchive | null): Promise<Archive | null> {
    try {
      for (const name of await this.#candidates(asked)) {
        const stored = await this.#deps.store.archive(name);
        if (stored === undefined || !isAsked(stored.record, asked, known)) continue;
        const body = await this.#verified(stored);
        if (body === null) continue;
        this.#rememberSmall({ ...stored, record: this.#used(stored.record) });
        return { sha256: name, source: "store", body };
      }
    } catch {
      // A store that fails is no reason not to fetch.
    }
    return null;
  }

  /**
   * Begins to read at once what was found before, while others find out what must match: `bytes` are hashed, and null when they are gone or not what
   * they were. Null for what was not found yet, or is large: `find` tells.
   */
  again(
    asked: Checksum,
  ): { readonly record: ArchiveRecord; readonly bytes: Promise<Uint8Array<ArrayBuffer> | null> } | null {
    const key = keyOf(asked);
    const small = this.#small.get(key);
    return small === undefined ? null : { record: small.record, bytes: this.#readAgain(key, small) };
  }

  async #readAgain(key: string, small: SmallArchive): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      const bytes = await small.again();
      if ((await this.#sha256Of(bytes)) === small.record.sha256) {
        small.record = this.#used(small.record);
        return bytes;
      }
    } catch {
      // Removed or replaced.
    }
    this.#small.delete(key);
    return null;
  }

  #rememberSmall({ record, again }: StoredArchive): void {
    if (again === undefined) return;
    if (this.#small.size >= rememberedSmall) this.#small.clear();
    const small = { record, again };
    for (const algorithm of ["md5", "sha256", "sha512"] as const)
      this.#small.set(keyOf({ algorithm, hex: record[algorithm] }), small);
  }

  async #candidates({ algorithm, hex }: Checksum): Promise<readonly string[]> {
    return algorithm === "sha256" ? [hex] : this.#deps.store.archivesWith(algorithm, hex);
  }

  async #verified(stored: StoredArchive): Promise<Archive["body"] | null> {
    const { record } = stored;
    if (record.size <= wholeBytes) {
      const bytes = await stored.read(0, record.size);
      return (await this.#sha256Of(bytes)) === record.sha256 ? bytes : null;
    }
    let pieces = this.#pieces.get(record.sha256);
    if (pieces === undefined) {
      const found = await this.#hashPieces(stored);
      if (found === null) return null;
      pieces = found;
      for (const oldest of [...this.#pieces.keys()].slice(0, -rememberedPieces)) this.#pieces.delete(oldest);
      this.#pieces.set(record.sha256, pieces);
    }
    return this.#stream(stored, pieces);
  }

  async #hashPieces(stored: StoredArchive): Promise<readonly string[] | null> {
    const { size } = stored.record;
    const whole = await Digests.create(["sha256"], this.#deps.slice());
    const pieces: string[] = [];
    const into = new Uint8Array(pieceBytes);
    for (let at = 0; at < size; at += pieceBytes) {
      const bytes = await stored.read(at, pieceBytes, into);
      await whole.update(bytes);
      pieces.push(await this.#sha256Of(bytes));
    }
    return whole.finish().sha256 === stored.record.sha256 ? pieces : null;
  }

  /** The platform hashes aside, so that nobody waits for much; asking it takes longer than hashing a little. */
  async #sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
    if (bytes.length > smallBytes) return toHex(await sha256(bytes));
    this.#hasher ??= createDigest("sha256");
    const hasher = await this.#hasher;
    hasher.init();
    hasher.update(bytes);
    return toHex(hasher.digest());
  }

  #stream(stored: StoredArchive, pieces: readonly string[]): ArchiveStream {
    const { size, sha256: name } = stored.record;
    return {
      size,
      open: (first, last) => {
        let at = first;
        const end = Math.min(last + 1, size);
        const into = this.#deps.reuseChunks === true ? new Uint8Array(pieceBytes) : undefined;
        return new ReadableStream<Uint8Array<ArrayBuffer>>(
          {
            pull: async (controller) => {
              const index = Math.floor(at / pieceBytes);
              const bytes = await stored.read(index * pieceBytes, pieceBytes, into);
              if ((await this.#sha256Of(bytes)) !== pieces[index]) {
                this.#pieces.delete(name);
                throw new MirrorError("store-lost", { reason: `archive ${name} has changed while it was read` });
              }
              const from = at - index * pieceBytes;
              const part = bytes.subarray(from, Math.min(bytes.length, end - index * pieceBytes));
              at += part.length;
              controller.enqueue(part);
              if (at >= end) controller.close();
            },
          },
          { highWaterMark: 0 },
        );
      },
    };
  }

  /** The record as it is now. */
  #used(record: ArchiveRecord): ArchiveRecord {
    const lastUse = this.#deps.clock.wall();
    if (Math.abs(lastUse - record.lastUse) < useMs) return record;
    void this.#deps.store.changeArchive(record.sha256, { lastUse }).catch(() => undefined);
    return { ...record, lastUse };
  }
}

function keyOf({ algorithm, hex }: Checksum): string {
  return `${algorithm}=${hex}`;
}

/** Whether the digests of an archive are what was asked for, and what opam files list with it. */
export function isAsked(
  digests: Pick<ArchiveRecord, "md5" | "sha256" | "sha512">,
  { algorithm, hex }: Checksum,
  known: KnownArchive | null,
): boolean {
  return digests[algorithm] === hex && (known === null || isArchive(known, digests));
}
