import type { Slice } from "../cooperation/slice.ts";
import { MirrorError } from "../errors.ts";
import type { Digest, WholeDigest } from "./digest.ts";
import type { Limits } from "./limits.ts";
import type { ObjectBytes } from "./object-bytes.ts";
import type { ObjectTable } from "./object-table.ts";
import { fromHex, toHex } from "./oid.ts";
import { PackBuffer } from "./pack-buffer.ts";
import { PackContent } from "./pack-content.ts";
import { PackDeltas } from "./pack-deltas.ts";
import { PackEntries } from "./pack-entries.ts";
import { packHeaderBytes, packTrailerBytes, readPackHeader } from "./pack-header.ts";
import { PackObjects } from "./pack-objects.ts";
import { completeThinPack, type ThinPackBases } from "./thin-pack.ts";

const mebibyte = 1 << 20;
/** Room that is taken at once: a first pack is as large as the repository, an update is not. */
const firstPackBytes = 16 * mebibyte;
const thinPackBytes = mebibyte;
/** Work after which the slice is asked, in bytes inflated and resolved: some ten microseconds. */
const clockBytes = 4096;
/** The same while the code is not compiled yet, for so many objects. */
const coldClockBytes = 512;
const coldObjects = 500;

export interface PackReaderOptions {
  readonly limits: Limits;
  readonly slice: Slice;
  readonly objectSha1: Digest;
  readonly packSha1: WholeDigest;
  /** Whether deltas may have their base outside the pack; `complete` then puts those bases into it. */
  readonly thin?: boolean;
  /** Told of each oid that a delta names as its base while no such object has arrived. It may still arrive. */
  readonly missing?: (oid: string) => void;
  /** Bytes of inflated trees and of other objects kept at hand. */
  readonly treeCacheBytes?: number;
  readonly objectCacheBytes?: number;
}

/**
 * Reads a pack while it arrives (Git documentation, gitformat-pack): every object is inflated, resolved and hashed as soon as its
 * bytes are there, and is readable from then on. All loops take the slice; memory is bounded by the limits and the caches.
 *
 * Throws `pack-corrupt`, `pack-truncated`, `pack-checksum`, `pack-limit`, `delta-corrupt`, `delta-base-missing`, `object-corrupt` and
 * `tree-forbidden`. After a throw the reader must not be used any more.
 */
export class PackReader {
  readonly buffer: PackBuffer;
  /** Objects the pack's header promises; 0 before it was read. A thin pack's bases, which `complete` adds, follow them in the table. */
  expected = 0;
  readonly #limits: Limits;
  readonly #thin: boolean;
  readonly #slice: Slice;
  readonly #packSha1: WholeDigest;
  readonly #objects: PackObjects;
  readonly #content: PackContent;
  readonly #deltas: PackDeltas;
  readonly #entries: PackEntries;
  /** All work when the slice was asked last. */
  #askedAt = 0;

  constructor(options: PackReaderOptions) {
    const { limits, slice, objectSha1, packSha1, thin, missing, treeCacheBytes, objectCacheBytes } = options;
    this.#limits = limits;
    this.#thin = thin ?? false;
    this.#slice = slice;
    this.#packSha1 = packSha1;
    this.buffer = new PackBuffer(limits.packBytes, this.#thin ? thinPackBytes : firstPackBytes);
    this.#objects = new PackObjects(
      limits,
      objectSha1,
      treeCacheBytes ?? 16 * mebibyte,
      objectCacheBytes ?? 10 * mebibyte,
    );
    this.#content = new PackContent(this.buffer, this.#objects, limits);
    this.#deltas = new PackDeltas(this.#objects, this.#content, limits, missing);
    this.#entries = new PackEntries(this.buffer, this.#objects, this.#content, this.#deltas);
  }

  /** Without room before the pack's header was read. */
  get table(): ObjectTable {
    return this.#objects.table;
  }

  /** Objects resolved and hashed so far. */
  get resolved(): number {
    return this.#objects.resolved;
  }

  /** Number of entries that are not resolved: deltas without base, or in a circle. */
  get unresolved(): number {
    return this.table.count - this.resolved;
  }

  /** Takes the next bytes and reads every entry that is complete. Calls must not overlap. */
  async write(chunk: Uint8Array): Promise<void> {
    await this.buffer.append(chunk, this.#slice);
    await this.#advance();
  }

  /** Says that all bytes have been written: `finish`, then `checksum`. */
  async end(): Promise<string> {
    await this.finish();
    return this.checksum();
  }

  /** Reads what is left after the last write, and checks that the objects fill the pack. */
  async finish(): Promise<void> {
    const { length } = this.buffer;
    if (length < packHeaderBytes + packTrailerBytes) throw new MirrorError("pack-truncated", { at: length });
    this.#entries.end();
    await this.#advance();
    const { at } = this.#entries;
    if (this.table.count < this.expected) throw new MirrorError("pack-truncated", { at });
    if (at !== length - packTrailerBytes)
      throw new MirrorError("pack-corrupt", { at, reason: "bytes follow the last object" });
  }

  /** After `finish`: compares the pack's trailer with its SHA-1 and resolves with it, in hex. May run while closure is checked. */
  async checksum(): Promise<string> {
    const { bytes, length } = this.buffer;
    const end = length - packTrailerBytes;
    const expected = toHex(bytes, end, length);
    const actual = toHex(await this.#packSha1(bytes.subarray(0, end), this.#slice));
    if (actual !== expected) throw new MirrorError("pack-checksum", { expected, actual });
    return actual;
  }

  /** Makes a thin pack whole after `end`: its entries are resolved then. Returns the pack's new checksum in hex; throws as `completeThinPack` does. */
  async complete(bases: ThinPackBases): Promise<string> {
    this.buffer.length -= packTrailerBytes;
    const pack = { buffer: this.buffer, objects: this.#objects, deltas: this.#deltas };
    return completeThinPack(pack, bases, this.#packSha1, this.#slice);
  }

  /** Throws `delta-base-missing` unless every entry is resolved. */
  assertResolved(): void {
    if (this.unresolved === 0) return;
    const base = this.#deltas.missing ?? "an entry of the same pack";
    throw new MirrorError("delta-base-missing", { base, count: this.unresolved });
  }

  /** Index of the verified object, or -1. */
  find(oid: string): number {
    return this.table.capacity === 0 ? -1 : this.table.find(fromHex(oid));
  }

  /** The bytes of a resolved object, from the cache or inflated again. */
  content(index: number): ObjectBytes {
    const held = this.#objects.held(index);
    if (held !== null) return held;
    // A large entry under way is the one delta, or has its place in the arena.
    return this.#entries.isLarge ? this.#content.rebuildApart(index) : this.#content.rebuild(index);
  }

  /** Everything is verified and published: from now on blobs are read, and what `content` gives is good until it is called again. */
  settle(): void {
    this.#objects.settle();
  }

  async #advance(): Promise<void> {
    if (this.table.capacity === 0 && !this.#readHeader()) return;
    const slice = this.#slice;
    const entries = this.#entries;
    const objects = this.#objects;
    const { table } = objects;
    while (table.count < this.expected && entries.read()) {
      if (entries.isLarge && !(await entries.readOn(slice, this.#packSha1))) return;
      const latest = table.count - 1;
      if (this.#deltas.mayWaitFor(latest)) await this.#deltas.resolveWaiting(latest, slice);
      // Looking at the clock costs as much as a small object; while the code is not compiled yet, a kilobyte is a long time.
      const work = entries.work + objects.bytes;
      if (work - this.#askedAt < (table.count < coldObjects ? coldClockBytes : clockBytes)) continue;
      this.#askedAt = work;
      if (slice.due()) await slice.pause();
    }
  }

  #readHeader(): boolean {
    if (this.buffer.length < packHeaderBytes) return false;
    const count = readPackHeader(this.buffer.bytes);
    const allowed = this.#limits.objects;
    if (count > allowed) throw new MirrorError("pack-limit", { limit: "the number of objects", allowed, found: count });
    this.expected = count;
    // At most one base for each delta is added to a thin pack.
    this.#objects.open(this.#thin ? count * 2 : count);
    return true;
  }
}
