import type { Slice } from "../cooperation/slice.ts";
import type { WholeDigest } from "./digest.ts";
import type { ObjectTable } from "./object-table.ts";
import { compareOids } from "./oid.ts";

const headerBytes = 8 + 256 * 4;

/**
 * Builds the idx (version 2) of a pack below 2 GiB (Git documentation, gitformat-pack, "Version 2 pack-*.idx files").
 * Oids are sorted by 256 buckets, one at a time: one sort of them all would hold up the thread.
 */
export async function buildIdx(
  table: ObjectTable,
  packChecksum: Uint8Array,
  sha1: WholeDigest,
  slice: Slice,
): Promise<Uint8Array<ArrayBuffer>> {
  const n = table.count;
  const oids = table.oids;
  const starts = new Uint32Array(257);
  for (let i = 0; i < n; i++) starts[oids[i * 20]! + 1]!++;
  for (let b = 0; b < 256; b++) starts[b + 1]! += starts[b]!;
  const order = new Uint32Array(n);
  const fill = starts.slice(0, 256);
  for (let i = 0; i < n; i++) {
    const bucket = oids[i * 20]!;
    order[fill[bucket]!++] = i;
  }
  const idx = new Uint8Array(headerBytes + n * 28 + 40);
  const view = new DataView(idx.buffer);
  view.setUint32(0, 0xff744f63);
  view.setUint32(4, 2);
  for (let b = 0; b < 256; b++) {
    view.setUint32(8 + b * 4, starts[b + 1]!);
    const bucket = order.subarray(starts[b], starts[b + 1]);
    sortBucket(bucket, oids);
    let rank = starts[b]!;
    for (const i of bucket) {
      idx.set(oids.subarray(i * 20, i * 20 + 20), headerBytes + rank * 20);
      view.setUint32(headerBytes + n * 20 + rank * 4, table.crcs[i]!);
      view.setUint32(headerBytes + n * 24 + rank * 4, table.offsets[i]!);
      rank++;
    }
    if (slice.due()) await slice.pause();
  }
  const trailer = headerBytes + n * 28;
  idx.set(packChecksum, trailer);
  idx.set(await sha1(idx.subarray(0, trailer + 20), slice), trailer + 20);
  return idx;
}

/** Bits of a sort key that hold the object's number; the 32 above them hold the second to fifth byte of its oid. */
const numberRange = 2 ** 20;

/** Sorts numbers of objects whose oids share the first byte. Numbers sort without calling back; equal beginnings are put right after. */
function sortBucket(bucket: Uint32Array, oids: Uint8Array): void {
  const keys = new Float64Array(bucket.length);
  for (let k = 0; k < bucket.length; k++) {
    const i = bucket[k]!;
    const at = i * 20 + 1;
    const head = ((oids[at]! << 24) | (oids[at + 1]! << 16) | (oids[at + 2]! << 8) | oids[at + 3]!) >>> 0;
    if (i >= numberRange) return void bucket.sort((x, y) => compareOids(oids, x * 20, oids, y * 20));
    keys[k] = head * numberRange + i;
  }
  keys.sort();
  for (let k = 0; k < keys.length; k++) bucket[k] = keys[k]! % numberRange;
  for (let k = 1; k < bucket.length; k++) {
    for (let j = k; j > 0 && compareOids(oids, bucket[j - 1]! * 20, oids, bucket[j]! * 20) > 0; j--) {
      const swapped = bucket[j]!;
      bucket[j] = bucket[j - 1]!;
      bucket[j - 1] = swapped;
    }
  }
}

/** Looks oids up in an idx (version 2) as it is stored. */
export class PackIdx {
  readonly count: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  /** Throws RangeError when the bytes are not an idx of version 2 of this length. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < headerBytes + 40 || this.#view.getUint32(0) !== 0xff744f63 || this.#view.getUint32(4) !== 2) {
      throw new RangeError("not an idx of version 2");
    }
    this.count = this.#view.getUint32(8 + 255 * 4);
    if (bytes.length !== headerBytes + this.count * 28 + 40) throw new RangeError("an idx of the wrong length");
  }

  /** Position of the object's entry in the pack, or -1. */
  offsetOf(oid: Uint8Array, at: number = 0): number {
    const rank = this.rankOf(oid, at);
    return rank < 0 ? -1 : this.offsetAt(rank);
  }

  /** Rank of the oid among all of the pack, or -1. */
  rankOf(oid: Uint8Array, at: number = 0): number {
    const first = oid[at]!;
    let low = first === 0 ? 0 : this.#view.getUint32(8 + (first - 1) * 4);
    let high = this.#view.getUint32(8 + first * 4) - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = compareOids(this.#bytes, headerBytes + middle * 20, oid, at);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** The 20 bytes of the oid of rank `n`. */
  oidAt(n: number): Uint8Array {
    return this.#bytes.subarray(headerBytes + n * 20, headerBytes + n * 20 + 20);
  }

  /** Position in the pack of the object of rank `n`. */
  offsetAt(n: number): number {
    return this.#view.getUint32(headerBytes + this.count * 24 + n * 4);
  }
}
