import type { Slice } from "../cooperation/slice.ts";
import { type ArchiveIndex, headWords, indexMagic } from "./archive-index.ts";
import type { ArchiveKey } from "./archive-key.ts";

/** An entry's position is kept in the low bits of the number it is sorted by. */
const positionBits = 21;
const entryLimit = 1 << positionBits;
const buckets = 256;
/** Steps between two looks at the clock. */
const strideMask = 255;
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
    const kept = before === null ? new Int32Array(0) : keptSections(before);
    let keptCount = 0;
    for (let i = 0; i < kept.length; i++) if (kept[i]! >= 0) keptCount++;
    let keptEntries = 0;
    for (let i = 0; i < (before?.index.entries ?? 0); i++) if (kept[before!.index.owners[i]!]! >= 0) keptEntries++;
    const added = this.#sections.length / columns;
    const order = await this.#order(slice);
    const n = keptCount + added;
    const m = keptEntries + order.length;
    const words = new Uint32Array(headWords + columns * n + 3 * m);
    words[0] = indexMagic;
    words[1] = n;
    words[2] = m;
    if (before !== null) await copySections(before, kept, words, n, slice);
    for (let i = 0; i < added; i++) {
      for (let c = 0; c < columns; c++) words[headWords + c * n + keptCount + i] = this.#sections[i * columns + c]!;
      if ((i & strideMask) === 0 && slice.due()) await slice.pause();
    }
    await this.#merge(before?.index ?? null, kept, keptCount, order, words.subarray(headWords + columns * n), m, slice);
    return words.buffer;
  }

  async #merge(
    old: ArchiveIndex | null,
    kept: Int32Array,
    keptCount: number,
    order: Uint32Array,
    words: Uint32Array,
    m: number,
    slice: Slice,
  ): Promise<void> {
    const oldEntries = old?.entries ?? 0;
    for (let i = 0, j = 0, at = 0; i < oldEntries || j < order.length; ) {
      if (i < oldEntries && kept[old!.owners[i]!]! < 0) i++;
      else if (i < oldEntries && (j >= order.length || old!.highs[i]! <= this.#highs[order[j]!]!)) {
        words[at] = old!.highs[i]!;
        words[m + at] = old!.lows[i]!;
        words[2 * m + at++] = kept[old!.owners[i++]!]!;
      } else {
        const from = order[j++]!;
        words[at] = this.#highs[from]!;
        words[m + at] = this.#lows[from]!;
        words[2 * m + at++] = keptCount + this.#owners[from]!;
      }
      if (((i + j) & strideMask) === 0 && slice.due()) await slice.pause();
    }
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

/** By old section: the section it becomes, or -1 when its file changed or is gone. */
function keptSections({ index, ranks }: RowsBefore): Int32Array {
  const kept = new Int32Array(index.sections);
  let count = 0;
  for (let i = 0; i < kept.length; i++) kept[i] = (ranks[index.ranks[i]!] ?? -1) < 0 ? -1 : count++;
  return kept;
}

async function copySections(
  { index, ranks }: RowsBefore,
  kept: Int32Array,
  words: Uint32Array,
  n: number,
  slice: Slice,
): Promise<void> {
  const [md5, sha256, sha512] = index.digests;
  for (let i = 0; i < kept.length; i++) {
    const at = headWords + kept[i]!;
    if (kept[i]! >= 0) {
      words[at] = ranks[index.ranks[i]!]!;
      words[at + n] = md5[i]!;
      words[at + 2 * n] = sha256[i]!;
      words[at + 3 * n] = sha512[i]!;
      words[at + 4 * n] = index.sources[i]!;
      words[at + 5 * n] = index.flags[i]!;
    }
    if ((i & strideMask) === 0 && slice.due()) await slice.pause();
  }
}
