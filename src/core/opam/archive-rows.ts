import type { Slice } from "../cooperation/slice.ts";
import { type ArchiveIndex, headWords, indexMagic } from "./archive-index.ts";
import type { ArchiveKey } from "./archive-key.ts";

/** An entry's position is kept in the low bits of the number it is sorted by. */
const positionBits = 21;
const entryLimit = 1 << positionBits;
const buckets = 256;
/** Steps between two looks at the clock. */
const strideMask = 255;
/** Entries that are merged between two. */
const stride = 4096;
const columns = 6;

/** A section of an opam file, one number for each column of the index. */
export type SectionRow = readonly [
  rank: number,
  md5: number,
  sha256: number,
  sha512: number,
  source: number,
  flags: number,
];

/** The index before, and by old rank the rank of the same file now: -1 where it changed or is gone. */
export interface RowsBefore {
  readonly index: ArchiveIndex;
  readonly ranks: Int32Array;
}

/** The rows of an archive index while it is made: new ones, and in front of them those of files that did not change. */
export class ArchiveRows {
  readonly #sections: number[] = [];
  readonly #highs: number[] = [];
  readonly #lows: number[] = [];
  readonly #owners: number[] = [];

  /** False when there is no room for it. */
  add(section: SectionRow, keys: readonly ArchiveKey[]): boolean {
    if (this.#highs.length + keys.length > entryLimit) return false;
    const owner = this.#sections.length / columns;
    this.#sections.push(...section);
    for (const { high, low } of keys) {
      this.#highs.push(high);
      this.#lows.push(low);
      this.#owners.push(owner);
    }
    return true;
  }

  /** The table, see ArchiveIndex. The rows before are sorted already: only the new ones are, and both are merged. */
  async table(before: RowsBefore | null, slice: Slice): Promise<ArrayBuffer> {
    const kept = before === null ? noSections : keptSections(before);
    if (slice.due()) await slice.pause();
    const added = this.#sections.length / columns;
    const order = await this.#order(slice);
    const merging = new Merging(before?.index ?? null, kept, this.#highs, this.#lows, this.#owners, order);
    while (merging.step(stride)) if (slice.due()) await slice.pause();
    const n = kept.count + added;
    const m = merging.count;
    const words = new Uint32Array(headWords + columns * n + 3 * m);
    words[0] = indexMagic;
    words[1] = n;
    words[2] = m;
    if (before !== null) copySections(before, kept, words, n);
    for (let i = 0; i < added; i++) {
      for (let c = 0; c < columns; c++) words[headWords + c * n + kept.count + i] = this.#sections[i * columns + c]!;
      if ((i & strideMask) === 0 && slice.due()) await slice.pause();
    }
    words.set(merging.highs.subarray(0, m), headWords + columns * n);
    words.set(merging.lows.subarray(0, m), headWords + columns * n + m);
    words.set(merging.owners.subarray(0, m), headWords + columns * n + 2 * m);
    return words.buffer;
  }

  /** Positions of the new entries by rising high half. Sorted in buckets: sorting all is one step that nothing can interrupt. */
  async #order(slice: Slice): Promise<Uint32Array> {
    const count = this.#highs.length;
    const ends = new Uint32Array(buckets);
    for (let i = 0; i < count; i++) ends[this.#highs[i]! >>> 24]!++;
    for (let b = 1; b < buckets; b++) ends[b]! += ends[b - 1]!;
    const numbers = new Float64Array(count);
    const at = ends.slice();
    for (let i = count - 1; i >= 0; i--) {
      numbers[--at[this.#highs[i]! >>> 24]!] = this.#highs[i]! * entryLimit + i;
      if ((i & strideMask) === 0 && slice.due()) await slice.pause();
    }
    for (let b = 0; b < buckets; b++) {
      if (ends[b]! - at[b]! > 1) numbers.subarray(at[b]!, ends[b]!).sort();
      if (slice.due()) await slice.pause();
    }
    const order = new Uint32Array(count);
    for (let i = 0; i < count; i++) order[i] = numbers[i]! % entryLimit;
    return order;
  }
}

/** What becomes of the sections before. */
interface KeptSections {
  /** By old section: the section it becomes, or -1 when its file changed or is gone. */
  readonly becomes: Int32Array;
  readonly count: number;
}

const noSections: KeptSections = { becomes: new Int32Array(0), count: 0 };

function keptSections({ index, ranks }: RowsBefore): KeptSections {
  const { sections, ranks: oldRanks } = index;
  const becomes = new Int32Array(sections);
  let count = 0;
  for (let i = 0; i < sections; i++) becomes[i] = (ranks[oldRanks[i]!] ?? -1) < 0 ? -1 : count++;
  return { becomes, count };
}

/** Copied by runs: an update leaves most of them as they are. */
function copySections({ index, ranks }: RowsBefore, { becomes }: KeptSections, words: Uint32Array, n: number): void {
  const same = [...index.digests, index.sources, index.flags];
  for (let from = 0; from < becomes.length; from++) {
    if (becomes[from]! < 0) continue;
    let to = from;
    const at = headWords + becomes[from]!;
    for (; to < becomes.length && becomes[to]! >= 0; to++) words[at + to - from] = ranks[index.ranks[to]!]!;
    for (const [c, column] of same.entries()) words.set(column.subarray(from, to), at + (c + 1) * n);
    from = to;
  }
}

/** Merges entries that are sorted already with new ones, a stretch at a time: a short loop that knows nothing else is compiled soon. */
class Merging {
  readonly highs: Uint32Array<ArrayBuffer>;
  readonly lows: Uint32Array<ArrayBuffer>;
  readonly owners: Uint32Array<ArrayBuffer>;
  /** Entries so far. */
  count = 0;
  readonly #old: ArchiveIndex | null;
  readonly #kept: KeptSections;
  readonly #newHighs: readonly number[];
  readonly #newLows: readonly number[];
  readonly #newOwners: readonly number[];
  readonly #order: Uint32Array;
  #oldAt = 0;
  #newAt = 0;

  constructor(
    old: ArchiveIndex | null,
    kept: KeptSections,
    newHighs: readonly number[],
    newLows: readonly number[],
    newOwners: readonly number[],
    order: Uint32Array,
  ) {
    this.#old = old;
    this.#kept = kept;
    this.#newHighs = newHighs;
    this.#newLows = newLows;
    this.#newOwners = newOwners;
    this.#order = order;
    const most = (old?.entries ?? 0) + order.length;
    this.highs = new Uint32Array(most);
    this.lows = new Uint32Array(most);
    this.owners = new Uint32Array(most);
  }

  /** At most `entries` of each side. False when nothing is left. */
  step(entries: number): boolean {
    const newEnd = Math.min(this.#newAt + entries, this.#order.length);
    const oldEnd = Math.min(this.#oldAt + entries, this.#old?.entries ?? 0);
    while (this.#newAt < newEnd) {
      const from = this.#order[this.#newAt]!;
      const high = this.#newHighs[from]!;
      if (!this.#copyOld(high, oldEnd)) return true;
      this.#newAt++;
      this.highs[this.count] = high;
      this.lows[this.count] = this.#newLows[from]!;
      this.owners[this.count++] = this.#kept.count + this.#newOwners[from]!;
    }
    if (this.#newAt < this.#order.length) return true;
    return !this.#copyOld(0xffffffff, oldEnd);
  }

  /** Takes over what is not above `limit`. False when `end` came first, and there are more. */
  #copyOld(limit: number, end: number): boolean {
    if (this.#old === null) return true;
    const { highs, lows, owners } = this;
    const { highs: oldHighs, lows: oldLows, owners: oldOwners, entries } = this.#old;
    const { becomes } = this.#kept;
    let at = this.count;
    let i = this.#oldAt;
    for (; i < end; i++) {
      const high = oldHighs[i]!;
      if (high > limit) break;
      const owner = becomes[oldOwners[i]!]!;
      if (owner < 0) continue;
      highs[at] = high;
      lows[at] = oldLows[i]!;
      owners[at++] = owner;
    }
    this.count = at;
    this.#oldAt = i;
    return i < end || i === entries;
  }
}
