import type { Slice } from "../cooperation/slice.ts";
import { MirrorError } from "../errors.ts";
import { Arena } from "./arena.ts";
import { crc32 } from "./crc32.ts";
import { applyDelta, deltaSizes } from "./delta.ts";
import type { Digest, WholeDigest } from "./digest.ts";
import { checkObject, TreeCheck } from "./fsck.ts";
import { corrupt, Inflater, needMore, paused } from "./inflate.ts";
import type { Limits } from "./limits.ts";
import { ObjectTable } from "./object-table.ts";
import { kindOf, objectTypes } from "./object-type.ts";
import { fromHex, toHex } from "./oid.ts";
import { PackBuffer } from "./pack-buffer.ts";
import { PackEntryHead, packEntryHead } from "./pack-entry.ts";
import type { PackedObject } from "./stored-object.ts";

/** Room in front of each object for the header that Git hashes with it: `commit 4294967295\0`. */
const headRoom = 24;
const packHeaderBytes = 12;
const trailerBytes = 20;
const mebibyte = 1 << 20;
/** Work after which the slice is asked: some ten microseconds. */
const clockBytes = 4096;
const coldClockBytes = 512;
const coldObjects = 500;
/** An entry of more compressed bytes is read in parts of so many: the first are read by code that is not compiled yet. */
const partBytes = 4096;
/** Entries of a large tree that are checked at once. */
const partEntries = 256;

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

/** An object's bytes inside a larger array. Valid for as long as it is held. */
export interface ObjectBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly from: number;
  readonly size: number;
}

/** An entry that is being read in parts. */
interface LargeEntry {
  readonly start: number;
  readonly end: number;
  readonly target: Uint8Array<ArrayBuffer>;
  readonly to: number;
  /** Where the object stands; null for a delta, which stands in the scratch buffer. */
  readonly arena: Arena | null;
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
  table: ObjectTable = new ObjectTable(0);
  /** Objects resolved and hashed so far. */
  resolved = 0;
  /** Objects the pack's header promises; 0 before it was read. */
  expected = 0;
  /** Entries that this side appended to make a thin pack whole. */
  appended = 0;
  readonly #thin: boolean;
  readonly #whenMissing: ((oid: string) => void) | undefined;
  readonly #limits: Limits;
  readonly #slice: Slice;
  readonly #objectSha1: Digest;
  readonly #packSha1: WholeDigest;
  #inflater: Inflater = new Inflater();
  readonly #head: PackEntryHead = new PackEntryHead();
  readonly #trees: Arena;
  readonly #others: Arena;
  /** Deltas whose base's oid is not known yet, by that oid; linked through `nextWaiting`. */
  readonly #missing: Map<string, number> = new Map();
  #scratch: Uint8Array<ArrayBuffer> = new Uint8Array(mebibyte / 4);
  #at = 0;
  /** Do not try the entry at `#at` again before this many bytes are there. */
  #wanted: number = packHeaderBytes;
  #ended = false;
  #large: LargeEntry | null = null;
  /** The entry just resolved when deltas may wait for it, else -1. */
  #waitedFor = -1;
  #objectBytes = 0;
  /** Bytes inflated and resolved since the slice was last asked. */
  #work = 0;
  #repeatedBytes = 0;

  constructor(options: PackReaderOptions) {
    this.#thin = options.thin ?? false;
    this.#limits = options.limits;
    this.#slice = options.slice;
    this.#objectSha1 = options.objectSha1;
    this.#packSha1 = options.packSha1;
    this.buffer = new PackBuffer(options.limits.packBytes);
    this.#trees = new Arena(options.treeCacheBytes ?? 16 * mebibyte);
    this.#others = new Arena(options.objectCacheBytes ?? 24 * mebibyte);
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
    this.#ended = true;
    const length = this.buffer.length;
    if (length < packHeaderBytes + trailerBytes) throw new MirrorError("pack-truncated", { at: length });
    await this.#advance();
    if (this.table.count < this.expected) throw new MirrorError("pack-truncated", { at: this.#at });
    if (this.#at !== length - trailerBytes) {
      throw new MirrorError("pack-corrupt", { at: this.#at, reason: "bytes follow the last object" });
    }
  }

  /** After `finish`: compares the pack's trailer with its SHA-1 and resolves with it, in hex. May run while closure is checked. */
  async checksum(): Promise<string> {
    const { bytes, length } = this.buffer;
    const expected = toHex(bytes, this.#at, length);
    const actual = toHex(await this.#packSha1(bytes.subarray(0, this.#at), this.#slice));
    if (actual !== expected) throw new MirrorError("pack-checksum", { expected, actual });
    return actual;
  }

  /**
   * Makes a thin pack whole after `end`: appends each base that a delta waits for, as `git index-pack --fix-thin` does, with a new
   * object count and trailer. `fetchBase` gives the object, `deflate` the zlib stream of one that comes without. Returns the pack's new checksum in hex.
   * Throws `delta-base-missing` when a base is nowhere, `object-corrupt` when it is not what its oid says.
   */
  async complete(
    fetchBase: (oid: string) => Promise<PackedObject | null>,
    deflate: (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>,
  ): Promise<string> {
    const { buffer, table } = this;
    buffer.length -= trailerBytes;
    for (let [oid] = this.#missing.keys(); oid !== undefined; [oid] = this.#missing.keys()) {
      const base = await fetchBase(oid);
      if (base === null) throw new MirrorError("delta-base-missing", { base: oid, count: this.unresolved });
      const at = buffer.length;
      const head = packEntryHead(base.type, base.bytes.length);
      await buffer.append(head, this.#slice);
      await buffer.append(base.zlib ?? (await deflate(base.bytes)), this.#slice);
      const index = table.count++;
      table.offsets[index] = at;
      table.dataOffsets[index] = at + head.length;
      table.packedTypes[index] = base.type;
      table.packedSizes[index] = base.bytes.length;
      table.crcs[index] = crc32(buffer.bytes, at, buffer.length);
      const arena = this.#arena(base.type);
      arena.place(headRoom + base.bytes.length);
      arena.segment.set(base.bytes, arena.at + headRoom);
      this.#resolve(index, base.type, arena, base.bytes.length, null);
      if (toHex(table.oids, index * 20, index * 20 + 20) !== oid) {
        throw new MirrorError("object-corrupt", { oid, reason: "the stored base of a delta is another object" });
      }
      this.appended++;
      await this.#resolveWaiting(index);
    }
    new DataView(buffer.bytes.buffer).setUint32(8, table.count);
    const checksum = await this.#packSha1(buffer.bytes.subarray(0, buffer.length), this.#slice);
    await buffer.append(checksum, this.#slice);
    return toHex(checksum);
  }

  /** Number of entries that are not resolved: deltas without base, or in a circle. */
  get unresolved(): number {
    return this.table.count - this.resolved;
  }

  /** Throws `delta-base-missing` unless every entry is resolved. */
  assertResolved(): void {
    if (this.unresolved === 0) return;
    const [base] = this.#missing.keys();
    throw new MirrorError("delta-base-missing", { base: base ?? "an entry of the same pack", count: this.unresolved });
  }

  /** Index of the verified object, or -1. */
  find(oid: string): number {
    return this.table.capacity === 0 ? -1 : this.table.find(fromHex(oid));
  }

  /** The bytes of a resolved object, from the cache or inflated again. */
  content(index: number): ObjectBytes {
    const table = this.table;
    const held = this.#arena(table.types[index]!).get(table.segments[index]!);
    if (held !== null) return { bytes: held, from: table.positions[index]!, size: table.sizes[index]! };
    return this.#large === null ? this.#rebuild(index, false) : this.#rebuildApart(index);
  }

  async #advance(): Promise<void> {
    const slice = this.#slice;
    if (this.expected === 0 && this.#at === 0 && !this.#readHeader()) return;
    while (this.table.count < this.expected && this.#readEntry()) {
      if (this.#large !== null && !(await this.#readOn(this.#large))) return;
      if (this.#waitedFor >= 0) await this.#resolveWaiting(this.#waitedFor);
      // Looking at the clock costs as much as a small object; while the code is not compiled yet, a kilobyte is a long time.
      if (this.#work < (this.table.count < coldObjects ? coldClockBytes : clockBytes)) continue;
      this.#work = 0;
      if (slice.due()) await slice.pause();
    }
  }

  #readHeader(): boolean {
    if (this.buffer.length < packHeaderBytes) return false;
    const view = new DataView(this.buffer.bytes.buffer);
    if (view.getUint32(0) !== 0x5041434b)
      throw new MirrorError("pack-corrupt", { at: 0, reason: "it does not start with PACK" });
    const version = view.getUint32(4);
    if (version !== 2 && version !== 3)
      throw new MirrorError("pack-corrupt", { at: 4, reason: `its version is ${version}` });
    const count = view.getUint32(8);
    const allowed = this.#limits.objects;
    if (count > allowed) throw new MirrorError("pack-limit", { limit: "the number of objects", allowed, found: count });
    this.expected = count;
    // At most one base for each delta is added to a thin pack.
    this.table = new ObjectTable(this.#thin ? count * 2 : count);
    this.#at = packHeaderBytes;
    return true;
  }

  /** Reads the entry at `#at`, or the first part of a large one. False when more bytes are needed. */
  #readEntry(): boolean {
    const available = this.buffer.length;
    if (available < this.#wanted && !this.#ended) return false;
    const end = this.#ended ? available - trailerBytes : available;
    const bytes = this.buffer.bytes;
    const head = this.#head;
    const start = this.#at;
    const problem = head.read(bytes, start, end);
    if (problem === "more") return this.#more(start, available + 64);
    if (problem !== null) throw new MirrorError("pack-corrupt", { at: start, reason: problem });
    const size = head.size;
    const isDelta = head.type === objectTypes.ofsDelta || head.type === objectTypes.refDelta;
    this.#checkSize(isDelta ? objectTypes.tree : head.type, size);
    // A deflated object is rarely longer than this; when it is, the wait below grows.
    const likely = head.dataAt + size + (size >> 12) + (size >> 14) + 64;
    if (likely > available && !this.#ended && this.#wanted <= head.dataAt) return this.#more(start, likely);
    let target = this.#scratch;
    let to = 0;
    let arena: Arena | null = null;
    if (isDelta) {
      if (size > target.length) target = this.#scratch = new Uint8Array(size * 2);
    } else {
      arena = this.#arena(head.type);
      arena.place(headRoom + size);
      target = arena.segment;
      to = arena.at + headRoom;
    }
    const after = this.#inflater.inflate(bytes, head.dataAt, end, target, to, size, partBytes);
    if (after === paused) {
      this.#large = { start, end, target, to, arena };
      return true;
    }
    if (!this.#inflated(start, after)) return false;
    const index = this.#enter(start, after);
    if (arena === null) this.#baseOf(index);
    else this.#resolve(index, head.type, arena, size, null);
    this.#waitFor(index);
    return true;
  }

  /** Whether the inflater has come to an end that lets the entry be entered. */
  #inflated(start: number, after: number): boolean {
    const { dataAt } = this.#head;
    const available = this.buffer.length;
    if (after === needMore) return this.#more(start, available + Math.max(1024, available - dataAt));
    if (after === corrupt)
      throw new MirrorError("pack-corrupt", { at: start, reason: "an object does not inflate to its size" });
    return true;
  }

  #enter(start: number, after: number): number {
    const { table } = this;
    const { type, size, dataAt } = this.#head;
    this.#work += size + headRoom;
    const index = table.count++;
    table.offsets[index] = start;
    table.dataOffsets[index] = dataAt;
    table.packedTypes[index] = type;
    table.packedSizes[index] = size;
    table.crcs[index] = crc32(this.buffer.bytes, start, after);
    this.#at = after;
    this.#wanted = after;
    return index;
  }

  /** Finds the base of the delta in the scratch buffer, and applies it or notes that it waits. */
  #baseOf(index: number): void {
    const { table } = this;
    const head = this.#head;
    const { bytes } = this.buffer;
    const start = table.offsets[index]!;
    if (head.type === objectTypes.ofsDelta) {
      const base = head.distance < start ? table.atOffset(start - head.distance) : -1;
      if (base < 0 || base === index)
        throw new MirrorError("delta-corrupt", { at: start, reason: "its base is not the start of an object" });
      table.bases[index] = base;
      if (table.types[base] !== 0) this.#applyTo(index, base, head.size);
      else {
        table.nextWaiting[index] = table.firstWaiting[base]!;
        table.firstWaiting[base] = index;
      }
    } else {
      const base = table.find(bytes, head.baseAt);
      if (base >= 0) {
        table.bases[index] = base;
        this.#applyTo(index, base, head.size);
      } else {
        const oid = toHex(bytes, head.baseAt, head.baseAt + 20);
        const waiting = this.#missing.get(oid);
        table.nextWaiting[index] = waiting ?? -1;
        this.#missing.set(oid, index);
        if (waiting === undefined) this.#whenMissing?.(oid);
      }
    }
  }

  #waitFor(index: number): void {
    const { table } = this;
    this.#waitedFor =
      table.types[index] !== 0 && (this.#missing.size > 0 || table.firstWaiting[index]! >= 0) ? index : -1;
  }

  /** Reads the rest of a large entry, giving way in between. False when more bytes are needed: then it is read again from its start. */
  async #readOn(large: LargeEntry): Promise<boolean> {
    const slice = this.#slice;
    const { start, end, target, to, arena } = large;
    const { type, size } = this.#head;
    let after: number = paused;
    while (after === paused) {
      if (slice.due()) await slice.pause();
      after = this.#inflater.goOn(this.buffer.bytes, end, target, to, size, partBytes);
    }
    if (!this.#inflated(start, after)) {
      this.#large = null;
      return false;
    }
    let oid: Uint8Array | null = null;
    if (arena !== null) {
      oid = await this.#packSha1(target.subarray(this.#writeHead(target, to, type, size), to + size), slice);
      if (type === objectTypes.tree) {
        const check = new TreeCheck();
        check.open(target, to, to + size, oid);
        while (!check.advance(partEntries)) if (slice.due()) await slice.pause();
      }
    }
    this.#large = null;
    const index = this.#enter(start, after);
    if (arena === null) this.#baseOf(index);
    else this.#resolve(index, type, arena, size, oid);
    this.#waitFor(index);
    return true;
  }

  #more(at: number, wanted: number): false {
    if (this.#ended) throw new MirrorError("pack-truncated", { at });
    this.#wanted = wanted;
    return false;
  }

  #arena(type: number): Arena {
    return type === objectTypes.tree ? this.#trees : this.#others;
  }

  #checkSize(type: number, size: number): void {
    const isTree = type === objectTypes.tree;
    const allowed = isTree ? this.#limits.treeBytes : this.#limits.blobBytes;
    if (size > allowed) {
      throw new MirrorError("pack-limit", {
        limit: `the size of a ${isTree ? "tree" : (kindOf(type) ?? "blob")} in bytes`,
        allowed,
        found: size,
      });
    }
  }

  /** The object whose bytes stand in `arena` is complete: hash, check and enter it. A large one comes hashed, and a large tree checked. */
  #resolve(index: number, type: number, arena: Arena, size: number, hashed: Uint8Array | null): void {
    const table = this.table;
    const segment = arena.segment;
    const at = arena.at + headRoom;
    this.#objectBytes += size;
    this.#work += size + headRoom;
    if (this.#objectBytes > this.#limits.inflatedBytes) {
      throw new MirrorError("pack-limit", {
        limit: "the inflated size of all objects in bytes",
        allowed: this.#limits.inflatedBytes,
        found: this.#objectBytes,
      });
    }
    const oid = hashed ?? this.#hash(segment, at, type, size);
    table.types[index] = type;
    table.sizes[index] = size;
    table.segments[index] = arena.number;
    table.positions[index] = at;
    arena.keep(headRoom + size);
    if (!table.name(index, oid, 0))
      throw new MirrorError("object-corrupt", { oid: toHex(oid), reason: "it appears twice in the pack" });
    if (hashed === null || type !== objectTypes.tree) checkObject(type, segment, at, at + size, oid);
    this.resolved++;
  }

  #hash(segment: Uint8Array, at: number, type: number, size: number): Uint8Array {
    const from = this.#writeHead(segment, at, type, size);
    const sha1 = this.#objectSha1;
    sha1.init();
    sha1.update(segment.subarray(from, at + size));
    return sha1.digest();
  }

  /** Git hashes `<kind> <size>\0` and the bytes; the head goes into the room in front of them, so that one update does. Returns where it starts. */
  #writeHead(segment: Uint8Array, at: number, type: number, size: number): number {
    let from = at - 1;
    segment[from] = 0;
    let rest = size;
    do {
      segment[--from] = 48 + (rest % 10);
      rest = Math.floor(rest / 10);
    } while (rest > 0);
    segment[--from] = 32;
    const kind = kindOf(type)!;
    for (let i = kind.length - 1; i >= 0; i--) segment[--from] = kind.charCodeAt(i);
    return from;
  }

  /** Applies the delta whose `deltaSize` inflated bytes stand in the scratch buffer. */
  #applyTo(index: number, base: number, deltaSize: number): void {
    const table = this.table;
    const at = table.offsets[index]!;
    const depth = table.depths[base]! + 1;
    if (depth > this.#limits.deltaDepth) {
      throw new MirrorError("pack-limit", {
        limit: "the depth of a delta chain",
        allowed: this.#limits.deltaDepth,
        found: depth,
      });
    }
    table.depths[index] = depth;
    const type = table.types[base]!;
    const arena = this.#arena(type);
    // Looked up first: it may itself be inflated again into the arena, through the scratch buffer.
    const held = this.#arena(type).get(table.segments[base]!);
    if (held === null) {
      const content = this.#rebuild(base, true);
      this.#inflateDelta(index, true);
      this.#applyInto(arena, content, deltaSize, type, at);
    } else {
      this.#applyInto(
        arena,
        { bytes: held, from: table.positions[base]!, size: table.sizes[base]! },
        deltaSize,
        type,
        at,
      );
    }
    this.#resolve(index, type, arena, this.#resultSize, null);
  }

  #resultSize = 0;

  #applyInto(arena: Arena, base: ObjectBytes, deltaSize: number, type: number, at: number): void {
    const delta = this.#scratch;
    // Git takes no delta of fewer bytes than two sizes and one instruction can have.
    const sizes = deltaSize < 4 ? null : deltaSizes(delta, 0, deltaSize);
    if (sizes === null) throw new MirrorError("delta-corrupt", { at, reason: "its sizes are cut off" });
    if (sizes.base !== base.size)
      throw new MirrorError("delta-corrupt", { at, reason: "its base has another size than it says" });
    this.#checkSize(type, sizes.result);
    arena.place(headRoom + sizes.result);
    const problem = applyDelta(
      delta,
      sizes.at,
      deltaSize,
      base.bytes,
      base.from,
      base.size,
      arena.segment,
      arena.at + headRoom,
      sizes.result,
    );
    if (problem !== null) throw new MirrorError("delta-corrupt", { at, reason: problem });
    this.#resultSize = sizes.result;
  }

  /** Inflates a delta that was read before into the scratch buffer. */
  #inflateDelta(index: number, counts: boolean): void {
    const table = this.table;
    const size = table.packedSizes[index]!;
    if (counts) this.#repeat(size);
    if (size > this.#scratch.length) this.#scratch = new Uint8Array(size * 2);
    this.#inflater.inflate(this.buffer.bytes, table.dataOffsets[index]!, this.buffer.length, this.#scratch, 0, size);
  }

  /** Work that the remote causes by how it packs is bounded; reading an object again for an answer is not its doing. */
  #repeat(size: number): void {
    this.#repeatedBytes += size;
    const allowed = this.#limits.inflatedBytes * 4;
    if (this.#repeatedBytes > allowed) {
      throw new MirrorError("pack-limit", {
        limit: "the work of resolving deltas in bytes",
        allowed,
        found: this.#repeatedBytes,
      });
    }
  }

  /** The same while a large entry is under way, whose inflater, scratch buffer and place in the arena must stay as they are. */
  #rebuildApart(index: number): ObjectBytes {
    const inflater = this.#inflater;
    const scratch = this.#scratch;
    this.#inflater = new Inflater();
    this.#scratch = new Uint8Array(0);
    try {
      return this.#rebuild(index, false, new Arena(Number.MAX_SAFE_INTEGER, 0));
    } finally {
      this.#inflater = inflater;
      this.#scratch = scratch;
    }
  }

  /** Makes the bytes of a resolved object again after the arena forgot them: down the chain of bases, then up through the deltas. */
  #rebuild(index: number, counts: boolean, arena: Arena = this.#arena(this.table.types[index]!)): ObjectBytes {
    const table = this.table;
    const type = table.types[index]!;
    const kept = this.#arena(type);
    const chain: number[] = [];
    let root = index;
    while (kept.get(table.segments[root]!) === null && table.bases[root]! >= 0) {
      chain.push(root);
      root = table.bases[root]!;
    }
    const held = kept.get(table.segments[root]!);
    let content: ObjectBytes;
    if (held === null) {
      const size = table.sizes[root]!;
      if (counts) this.#repeat(size);
      arena.place(headRoom + size);
      this.#inflater.inflate(
        this.buffer.bytes,
        table.dataOffsets[root]!,
        this.buffer.length,
        arena.segment,
        arena.at + headRoom,
        size,
      );
      content = this.#kept(root, arena, size);
    } else content = { bytes: held, from: table.positions[root]!, size: table.sizes[root]! };
    for (let i = chain.length - 1; i >= 0; i--) {
      const delta = chain[i]!;
      this.#inflateDelta(delta, counts);
      if (counts) this.#repeat(table.sizes[delta]!);
      this.#applyInto(arena, content, table.packedSizes[delta]!, type, table.offsets[delta]!);
      content = this.#kept(delta, arena, this.#resultSize);
    }
    return content;
  }

  #kept(index: number, arena: Arena, size: number): ObjectBytes {
    const from = arena.at + headRoom;
    arena.keep(headRoom + size);
    if (arena === this.#arena(this.table.types[index]!)) {
      this.table.segments[index] = arena.number;
      this.table.positions[index] = from;
    }
    return { bytes: arena.segment, from, size };
  }

  /** Resolves what waited for the entry `index`, and what waited for that, without recursion. */
  async #resolveWaiting(index: number): Promise<void> {
    this.#waitedFor = -1;
    const table = this.table;
    const ready: number[] = [index];
    for (let base = ready.pop(); base !== undefined; base = ready.pop()) {
      for (let child = this.#takeWaiting(base); child >= 0; ) {
        const next = table.nextWaiting[child]!;
        table.bases[child] = base;
        this.#inflateDelta(child, true);
        this.#applyTo(child, base, table.packedSizes[child]!);
        ready.push(child);
        child = next;
        if (this.#slice.due()) await this.#slice.pause();
      }
    }
  }

  /** Head of the joined list of deltas that wait for this entry by position and by oid. */
  #takeWaiting(base: number): number {
    const table = this.table;
    let first = table.firstWaiting[base]!;
    table.firstWaiting[base] = -1;
    if (this.#missing.size === 0) return first;
    const oid = toHex(table.oids, base * 20, base * 20 + 20);
    const byOid = this.#missing.get(oid);
    if (byOid === undefined) return first;
    this.#missing.delete(oid);
    if (first < 0) return byOid;
    let last = byOid;
    while (table.nextWaiting[last]! >= 0) last = table.nextWaiting[last]!;
    table.nextWaiting[last] = first;
    first = byOid;
    return first;
  }
}
