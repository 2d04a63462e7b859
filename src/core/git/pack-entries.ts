import type { Slice } from "../cooperation/slice.ts";
import { MirrorError } from "../errors.ts";
import { crc32 } from "./crc32.ts";
import type { WholeDigest } from "./digest.ts";
import { TreeCheck } from "./fsck.ts";
import { corrupt, Inflater, needMore, paused } from "./inflate.ts";
import { headRoom, writeObjectHead } from "./object-head.ts";
import { objectTypes } from "./object-type.ts";
import type { PackBuffer } from "./pack-buffer.ts";
import type { PackContent } from "./pack-content.ts";
import type { PackDeltas } from "./pack-deltas.ts";
import { PackEntryHead } from "./pack-entry.ts";
import { packHeaderBytes, packTrailerBytes } from "./pack-header.ts";
import type { PackObjects } from "./pack-objects.ts";

/** An entry of more compressed bytes is read in parts of so many: the first are read by code that is not compiled yet. */
const partBytes = 4096;
/** Entries of a large tree that are checked at once. */
const partEntries = 256;

/** An entry that is being read in parts. */
interface LargeEntry {
  readonly start: number;
  readonly end: number;
  readonly target: Uint8Array<ArrayBuffer>;
  readonly to: number;
}

/**
 * Reads one entry of a pack after the other, as far as its bytes have arrived: each goes into the table, and is resolved if it can be.
 * A large one is read in parts, between which others may run; `isLarge` says that one is under way.
 */
export class PackEntries {
  /** Where the next entry starts. */
  at: number = packHeaderBytes;
  /** Bytes that were inflated, and something for each entry, however small it is. */
  work = 0;
  readonly #buffer: PackBuffer;
  readonly #objects: PackObjects;
  readonly #content: PackContent;
  readonly #deltas: PackDeltas;
  readonly #inflater: Inflater = new Inflater();
  readonly #head: PackEntryHead = new PackEntryHead();
  /** Do not try the entry at `at` again before this many bytes are there. */
  #wanted: number = packHeaderBytes;
  #ended = false;
  #large: LargeEntry | null = null;

  constructor(buffer: PackBuffer, objects: PackObjects, content: PackContent, deltas: PackDeltas) {
    this.#buffer = buffer;
    this.#objects = objects;
    this.#content = content;
    this.#deltas = deltas;
  }

  get isLarge(): boolean {
    return this.#large !== null;
  }

  /** Says that the buffer holds the whole pack: from now on an entry that is cut off is refused with `pack-truncated`. */
  end(): void {
    this.#ended = true;
  }

  /** Reads the next entry, or the first part of a large one. False when more bytes are needed. */
  read(): boolean {
    const available = this.#buffer.length;
    if (available < this.#wanted && !this.#ended) return false;
    const end = this.#ended ? available - packTrailerBytes : available;
    const bytes = this.#buffer.bytes;
    const head = this.#head;
    const start = this.at;
    const problem = head.read(bytes, start, end);
    if (problem === "more") return this.#more(start, available + 64);
    if (problem !== null) throw new MirrorError("pack-corrupt", { at: start, reason: problem });
    const size = head.size;
    const { isDelta } = head;
    this.#objects.checkSize(isDelta ? objectTypes.tree : head.type, size);
    // A deflated object is rarely longer than this; when it is, the wait below grows.
    const likely = head.dataAt + size + (size >> 12) + (size >> 14) + 64;
    if (likely > available && !this.#ended && this.#wanted <= head.dataAt) return this.#more(start, likely);
    let target: Uint8Array<ArrayBuffer>;
    let to = 0;
    if (isDelta) {
      this.#content.reserve(size);
      target = this.#content.delta;
    } else {
      const arena = this.#objects.arena(head.type);
      arena.place(size);
      target = arena.segment;
      to = arena.at;
    }
    const after = this.#inflater.inflate(bytes, head.dataAt, end, target, to, size, partBytes);
    if (after === paused) {
      this.#large = { start, end, target, to };
      return true;
    }
    if (!this.#inflated(start, after)) return false;
    this.#enter(start, after, null);
    return true;
  }

  /** Reads the rest of a large entry, giving way in between. False when more bytes are needed: then it is read again from its start. */
  async readOn(slice: Slice, sha1: WholeDigest): Promise<boolean> {
    const { start, end, target, to } = this.#large!;
    const { type, size, isDelta } = this.#head;
    let after: number = paused;
    while (after === paused) {
      if (slice.due()) await slice.pause();
      after = this.#inflater.goOn(this.#buffer.bytes, end, target, to, size, partBytes);
    }
    if (!this.#inflated(start, after)) {
      this.#large = null;
      return false;
    }
    let hash: Uint8Array | null = null;
    if (!isDelta) {
      hash = await sha1(target.subarray(writeObjectHead(target, to, type, size), to + size), slice);
      if (type === objectTypes.tree) {
        const check = new TreeCheck();
        check.open(target, to, to + size, hash);
        while (!check.advance(partEntries)) if (slice.due()) await slice.pause();
      }
    }
    this.#large = null;
    this.#enter(start, after, hash);
    return true;
  }

  /** Whether the inflater has come to an end that lets the entry be entered. */
  #inflated(start: number, after: number): boolean {
    const { dataAt } = this.#head;
    const available = this.#buffer.length;
    if (after === needMore) return this.#more(start, available + Math.max(1024, available - dataAt));
    if (after === corrupt)
      throw new MirrorError("pack-corrupt", { at: start, reason: "an object does not inflate to its size" });
    return true;
  }

  #more(at: number, wanted: number): false {
    if (this.#ended) throw new MirrorError("pack-truncated", { at });
    this.#wanted = wanted;
    return false;
  }

  /** The entry up to `after` is inflated: it goes into the table, and is resolved if it can be. A large object comes with its hash. */
  #enter(start: number, after: number, hash: Uint8Array | null): void {
    const table = this.#objects.table;
    const head = this.#head;
    const { type, size } = head;
    this.work += size + 2 * headRoom;
    const index = table.count++;
    table.offsets[index] = start;
    table.dataOffsets[index] = head.dataAt;
    table.packedTypes[index] = type;
    table.packedSizes[index] = size;
    table.crcs[index] = crc32(this.#buffer.bytes, start, after);
    this.at = after;
    this.#wanted = after;
    if (type === objectTypes.ofsDelta) this.#deltas.addByDistance(index, head.distance);
    else if (type === objectTypes.refDelta) this.#deltas.addByOid(index, this.#buffer.bytes, head.baseAt);
    else this.#objects.enter(index, type, size, hash);
  }
}
