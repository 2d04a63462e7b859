import type { Slice } from "../cooperation/slice.ts";
import { shortText } from "../short-text.ts";
import { compareOids, toHex } from "./oid.ts";

/**
 * The manifest of a snapshot: every served path with the oid of its blob and where the blob's entry is packed, as one flat table,
 * sorted by path bytes and searched by halving. Layout, all numbers little-endian:
 *
 * `OWM1`, u32 count, u32 bytes of all paths, u32 zero; count × u32 end of path; count × u32 position in the pack;
 * count × 20 bytes oid; count × u8 number of the pack; the paths.
 */
const magic = 0x314d574f;
const headBytes = 16;

export interface Place {
  /** Index into the snapshot's list of packs. */
  readonly pack: number;
  /** Position of the entry in that pack. */
  readonly offset: number;
}

export interface ManifestRange {
  readonly paths: Uint8Array;
  readonly pathsFrom: number;
  readonly ends: Uint32Array;
  readonly offsets: Uint32Array;
  readonly oids: Uint8Array;
  readonly packs: Uint8Array;
}

/** Whether this machine's own order of bytes is the table's: then numbers are copied as they are. */
const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

export class ManifestBuilder {
  #count = 0;
  #pathBytes = 0;
  #paths: Uint8Array<ArrayBuffer> = new Uint8Array(1 << 16);
  #ends: Uint32Array<ArrayBuffer> = new Uint32Array(1 << 10);
  #offsets: Uint32Array<ArrayBuffer> = new Uint32Array(1 << 10);
  #packs: Uint8Array<ArrayBuffer> = new Uint8Array(1 << 10);
  #oids: Uint8Array<ArrayBuffer> = new Uint8Array(20 << 10);

  get count(): number {
    return this.#count;
  }

  /** Adds the file at `path[0..length)`. Paths must come in rising byte order: the order in which a tree walk yields them. */
  add(path: Uint8Array, length: number, oids: Uint8Array, oidAt: number, pack: number, offset: number): void {
    if (this.#count === this.#ends.length || this.#pathBytes + length > this.#paths.length) this.#reserve(1, length);
    const i = this.#count++;
    // A loop, because paths are short and a view of each would cost more than its copy.
    for (let k = 0; k < length; k++) this.#paths[this.#pathBytes + k] = path[k]!;
    this.#pathBytes += length;
    this.#ends[i] = this.#pathBytes;
    this.#offsets[i] = offset;
    this.#packs[i] = pack;
    for (let k = 0; k < 20; k++) this.#oids[i * 20 + k] = oids[oidAt + k]!;
  }

  /** Adds the files of these ranks of another manifest, at one go: what did not change is most of an update. */
  take(other: Manifest, from: number, to: number): void {
    const { paths, oids, packs, ends, offsets, pathsFrom } = other.range(from, to);
    this.#reserve(to - from, paths.length);
    this.#paths.set(paths, this.#pathBytes);
    this.#oids.set(oids, this.#count * 20);
    this.#packs.set(packs, this.#count);
    this.#offsets.set(offsets, this.#count);
    const shift = this.#pathBytes - pathsFrom;
    for (let i = 0, at = this.#count; i < ends.length; i++, at++) this.#ends[at] = ends[i]! + shift;
    this.#pathBytes += paths.length;
    this.#count += to - from;
  }

  /** Calls `visit` with where each path stands, in order. */
  async eachPath(visit: (paths: Uint8Array, from: number, to: number) => void, slice: Slice): Promise<void> {
    for (let i = 0, from = 0; i < this.#count; i++) {
      const to = this.#ends[i]!;
      visit(this.#paths, from, to);
      from = to;
      if ((i & 255) === 0 && slice.due()) await slice.pause();
    }
  }

  #reserve(files: number, pathBytes: number): void {
    let room = this.#paths.length;
    while (this.#pathBytes + pathBytes > room) room *= 2;
    if (room > this.#paths.length) this.#paths = grown(this.#paths, new Uint8Array(room));
    let capacity = this.#ends.length;
    while (this.#count + files > capacity) capacity *= 2;
    if (capacity === this.#ends.length) return;
    this.#ends = grown(this.#ends, new Uint32Array(capacity));
    this.#offsets = grown(this.#offsets, new Uint32Array(capacity));
    this.#packs = grown(this.#packs, new Uint8Array(capacity));
    this.#oids = grown(this.#oids, new Uint8Array(capacity * 20));
  }

  finish(): ArrayBuffer {
    const n = this.#count;
    const result = new Uint8Array(headBytes + n * 29 + this.#pathBytes);
    const view = new DataView(result.buffer);
    view.setUint32(0, magic, true);
    view.setUint32(4, n, true);
    view.setUint32(8, this.#pathBytes, true);
    let at = headBytes;
    for (const numbers of [this.#ends, this.#offsets]) {
      if (littleEndian) new Uint32Array(result.buffer, at, n).set(numbers.subarray(0, n));
      else for (let i = 0; i < n; i++) view.setUint32(at + i * 4, numbers[i]!, true);
      at += n * 4;
    }
    result.set(this.#oids.subarray(0, n * 20), at);
    result.set(this.#packs.subarray(0, n), at + n * 20);
    result.set(this.#paths.subarray(0, this.#pathBytes), at + n * 21);
    return result.buffer;
  }
}

function grown<T extends Uint8Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

export class Manifest {
  readonly count: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #offsetsAt: number;
  readonly #oidsAt: number;
  readonly #packsAt: number;
  readonly #pathsAt: number;

  /** Throws RangeError when the buffer is not a manifest. */
  constructor(buffer: ArrayBuffer) {
    this.#bytes = new Uint8Array(buffer);
    this.#view = new DataView(buffer);
    if (buffer.byteLength < headBytes || this.#view.getUint32(0, true) !== magic)
      throw new RangeError("not a manifest");
    const n = this.#view.getUint32(4, true);
    if (buffer.byteLength !== headBytes + n * 29 + this.#view.getUint32(8, true))
      throw new RangeError("a manifest of the wrong length");
    this.count = n;
    this.#offsetsAt = headBytes + n * 4;
    this.#oidsAt = this.#offsetsAt + n * 4;
    this.#packsAt = this.#oidsAt + n * 20;
    this.#pathsAt = this.#packsAt + n;
  }

  /** Rank of the path, or -1. */
  find(path: string): number {
    const wanted = new TextEncoder().encode(path);
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = this.#compare(middle, wanted);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** Rank of the first path that is not below `path` in byte order; `count` when all are. */
  lowerBound(path: string | Uint8Array): number {
    const wanted = typeof path === "string" ? new TextEncoder().encode(path) : path;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(middle, wanted) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Views of the path and of the oid's bytes (`oids[oidAt..oidAt+20)`). */
  entry(rank: number): { readonly path: Uint8Array; readonly oids: Uint8Array; readonly oidAt: number } {
    const path = this.#bytes.subarray(this.#start(rank), this.#end(rank));
    return { path, oids: this.#bytes, oidAt: this.#oidsAt + rank * 20 };
  }

  /** Byte order of the paths at a rank here and at one of another manifest. Makes no views: both are walked whole at every update. */
  comparePath(rank: number, other: Manifest, otherRank: number): number {
    const left = this.#bytes;
    const right = other.#bytes;
    const leftAt = this.#start(rank);
    const rightAt = other.#start(otherRank);
    const leftLength = this.#end(rank) - leftAt;
    const rightLength = other.#end(otherRank) - rightAt;
    const shared = leftLength < rightLength ? leftLength : rightLength;
    for (let i = 0; i < shared; i++) {
      const difference = left[leftAt + i]! - right[rightAt + i]!;
      if (difference !== 0) return difference;
    }
    return leftLength - rightLength;
  }

  /** Whether both ranks name the same blob. */
  isSameBlob(rank: number, other: Manifest, otherRank: number): boolean {
    return compareOids(this.#bytes, this.#oidsAt + rank * 20, other.#bytes, other.#oidsAt + otherRank * 20) === 0;
  }

  path(rank: number): string {
    return shortText(this.#bytes, this.#start(rank), this.#end(rank));
  }

  /** Hex oid of the blob. */
  oid(rank: number): string {
    const at = this.#oidsAt + rank * 20;
    return toHex(this.#bytes, at, at + 20);
  }

  place(rank: number): Place {
    return { pack: this.#bytes[this.#packsAt + rank]!, offset: this.#view.getUint32(this.#offsetsAt + rank * 4, true) };
  }

  /** The rows of these ranks. Ends count from the first of all paths, and these begin at `pathsFrom`. */
  range(from: number, to: number): ManifestRange {
    const bytes = this.#bytes;
    return {
      paths: bytes.subarray(this.#start(from), this.#start(to)),
      pathsFrom: this.#start(from) - this.#pathsAt,
      ends: this.#numbers(headBytes + from * 4, to - from),
      offsets: this.#numbers(this.#offsetsAt + from * 4, to - from),
      oids: bytes.subarray(this.#oidsAt + from * 20, this.#oidsAt + to * 20),
      packs: bytes.subarray(this.#packsAt + from, this.#packsAt + to),
    };
  }

  #numbers(at: number, count: number): Uint32Array {
    if (littleEndian) return new Uint32Array(this.#view.buffer, at, count);
    return Uint32Array.from({ length: count }, (_, i) => this.#view.getUint32(at + i * 4, true));
  }

  #start(rank: number): number {
    return rank === 0 ? this.#pathsAt : this.#end(rank - 1);
  }

  #end(rank: number): number {
    return this.#pathsAt + this.#view.getUint32(headBytes + rank * 4, true);
  }

  #compare(rank: number, wanted: Uint8Array): number {
    const from = this.#start(rank);
    const length = this.#end(rank) - from;
    const shared = Math.min(length, wanted.length);
    for (let i = 0; i < shared; i++) {
      const difference = this.#bytes[from + i]! - wanted[i]!;
      if (difference !== 0) return difference;
    }
    return length - wanted.length;
  }
}
