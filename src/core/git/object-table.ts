import { compareOids } from "./oid.ts";

/** Facts of every object of one pack, in pack order, in flat arrays: 42,000 objects are not 42,000 JavaScript objects. */
export class ObjectTable {
  readonly capacity: number;
  count = 0;
  /** Position of the entry in the pack, and of its compressed data. */
  readonly offsets: Uint32Array;
  readonly dataOffsets: Uint32Array;
  /** Type number as packed: 1–4, 6 or 7. */
  readonly packedTypes: Uint8Array;
  /** Type number of the object itself; 0 until it was resolved and hashed. */
  readonly types: Uint8Array;
  /** Inflated size of the entry, and of the object itself. */
  readonly packedSizes: Uint32Array;
  readonly sizes: Uint32Array;
  readonly crcs: Uint32Array;
  /** Index of the delta's base in this table; -1 for none or not yet known. */
  readonly bases: Int32Array;
  readonly depths: Uint16Array;
  readonly oids: Uint8Array;
  /** Where the arena holds the object: segment number (-1: nowhere) and position. */
  readonly segments: Int32Array;
  readonly positions: Uint32Array;
  /** Heads and links of the lists of deltas that wait for an entry to be resolved. */
  readonly firstWaiting: Int32Array;
  readonly nextWaiting: Int32Array;
  readonly #slots: Int32Array;
  readonly #mask: number;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.offsets = new Uint32Array(capacity);
    this.dataOffsets = new Uint32Array(capacity);
    this.packedTypes = new Uint8Array(capacity);
    this.types = new Uint8Array(capacity);
    this.packedSizes = new Uint32Array(capacity);
    this.sizes = new Uint32Array(capacity);
    this.crcs = new Uint32Array(capacity);
    this.bases = new Int32Array(capacity).fill(-1);
    this.depths = new Uint16Array(capacity);
    this.oids = new Uint8Array(capacity * 20);
    this.segments = new Int32Array(capacity).fill(-1);
    this.positions = new Uint32Array(capacity);
    this.firstWaiting = new Int32Array(capacity).fill(-1);
    this.nextWaiting = new Int32Array(capacity).fill(-1);
    let slots = 16;
    while (slots < capacity * 2) slots *= 2;
    this.#slots = new Int32Array(slots);
    this.#mask = slots - 1;
  }

  /** Enters a resolved object under its oid, given at `oid[at..at+20)`. False when the oid is there already. */
  name(index: number, oid: Uint8Array, at: number): boolean {
    for (let slot = this.#hash(oid, at); ; slot = (slot + 1) & this.#mask) {
      const entry = this.#slots[slot]!;
      if (entry === 0) {
        this.#slots[slot] = index + 1;
        this.oids.set(at === 0 && oid.length === 20 ? oid : oid.subarray(at, at + 20), index * 20);
        return true;
      }
      if (compareOids(this.oids, (entry - 1) * 20, oid, at) === 0) return false;
    }
  }

  /** Index of the resolved object of that oid, or -1. */
  find(oid: Uint8Array, at: number = 0): number {
    for (let slot = this.#hash(oid, at); ; slot = (slot + 1) & this.#mask) {
      const entry = this.#slots[slot]!;
      if (entry === 0) return -1;
      if (compareOids(this.oids, (entry - 1) * 20, oid, at) === 0) return entry - 1;
    }
  }

  /** Index of the entry that starts at that position of the pack, or -1. Entries come in rising order. */
  atOffset(offset: number): number {
    let low = 0;
    let high = this.count - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const found = this.offsets[middle]!;
      if (found === offset) return middle;
      if (found < offset) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  #hash(oid: Uint8Array, at: number): number {
    // SHA-1 is its own hash function; a sender who looks for colliding prefixes gains slowness bounded by the object limit.
    return (oid[at]! | (oid[at + 1]! << 8) | (oid[at + 2]! << 16) | (oid[at + 3]! << 24)) & this.#mask;
  }
}
