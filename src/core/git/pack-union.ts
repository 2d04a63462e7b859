import { MirrorError } from "../errors.ts";
import { toHex } from "./oid.ts";
import type { PackIdx } from "./pack-idx.ts";
import type { StoredPack } from "./stored-object.ts";

/** A pack's checksum follows its last entry. */
const trailerBytes = 20;
/** Bits of a sort key that hold a rank, below those of the position: 2³² × 2²⁰ is exact in a double. */
const rankRange = 2 ** 20;

export interface IndexedPack {
  readonly pack: StoredPack;
  readonly idx: PackIdx;
}

/** An entry of one of the packs: bytes `[offset, end)` of it. */
export interface EntryPlace {
  readonly pack: number;
  readonly offset: number;
  readonly end: number;
}

/** All entries of some packs under one numbering. An object that several packs hold goes by the number of its copy in the first of them. */
export class PackUnion {
  readonly packs: readonly IndexedPack[];
  /** One more than the highest number. */
  readonly count: number;
  readonly #starts: readonly number[];
  /** For each pack: the positions of its entries, rising, and their ranks in the same order. */
  readonly #positions: readonly { readonly offsets: Float64Array; readonly ranks: Uint32Array }[];

  constructor(packs: readonly IndexedPack[]) {
    this.packs = packs;
    const starts = [0];
    for (const { idx } of packs) starts.push(starts.at(-1)! + idx.count);
    this.count = starts.pop()!;
    this.#starts = starts;
    this.#positions = packs.map(({ idx }) => byPosition(idx));
  }

  /** Number of the object in the first pack from `from` on that has it, or -1. */
  find(oids: Uint8Array, at: number, from: number = 0): number {
    for (let pack = from; pack < this.packs.length; pack++) {
      const rank = this.packs[pack]!.idx.rankOf(oids, at);
      if (rank >= 0) return this.#starts[pack]! + rank;
    }
    return -1;
  }

  packOf(number: number): number {
    let pack = this.packs.length - 1;
    while (this.#starts[pack]! > number) pack--;
    return pack;
  }

  /** The 20 bytes of the oid. */
  oid(number: number): Uint8Array {
    const pack = this.packOf(number);
    return this.packs[pack]!.idx.oidAt(number - this.#starts[pack]!);
  }

  /** Throws `store-lost` when the idx names a position outside of its pack. */
  place(number: number): EntryPlace {
    const pack = this.packOf(number);
    const { idx, pack: stored } = this.packs[pack]!;
    const offset = idx.offsetAt(number - this.#starts[pack]!);
    const { offsets } = this.#positions[pack]!;
    const end = offsets[search(offsets, offset) + 1] ?? stored.size - trailerBytes;
    if (end <= offset) throw new MirrorError("store-lost", { reason: `the idx of pack ${stored.key} is damaged` });
    return { pack, offset, end };
  }

  /** Number of the entry that starts at that position, as the object goes by. Throws `store-lost` when none does. */
  at(pack: number, offset: number): number {
    const { offsets, ranks } = this.#positions[pack]!;
    const found = search(offsets, offset);
    const { idx, pack: stored } = this.packs[pack]!;
    if (found < 0)
      throw new MirrorError("store-lost", { reason: `pack ${stored.key} has a delta whose base is no entry` });
    return this.find(idx.oidAt(ranks[found]!), 0);
  }

  /** Numbers of a pack's entries in the order of their positions. */
  *numbers(pack: number): Iterable<number> {
    for (const rank of this.#positions[pack]!.ranks) yield this.#starts[pack]! + rank;
  }

  /** As `find`; throws `store-lost` for an object that is in no pack. */
  require(oids: Uint8Array, at: number): number {
    const number = this.find(oids, at);
    if (number < 0) throw new MirrorError("store-lost", { reason: `object ${toHex(oids, at, at + 20)} is gone` });
    return number;
  }
}

function byPosition(idx: PackIdx): { readonly offsets: Float64Array; readonly ranks: Uint32Array } {
  const offsets = new Float64Array(idx.count);
  for (let rank = 0; rank < idx.count; rank++) offsets[rank] = idx.offsetAt(rank) * rankRange + rank;
  offsets.sort();
  const ranks = new Uint32Array(idx.count);
  for (let i = 0; i < idx.count; i++) {
    ranks[i] = offsets[i]! % rankRange;
    offsets[i] = Math.floor(offsets[i]! / rankRange);
  }
  return { offsets, ranks };
}

function search(sorted: Float64Array, wanted: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = sorted[middle]!;
    if (found === wanted) return middle;
    if (found < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
