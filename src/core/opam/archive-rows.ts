import type { Slice } from "../cooperation/slice.ts";
import { type ArchiveIndex, headWords, indexMagic } from "./archive-index.ts";
import type { ArchiveKey } from "./archive-key.ts";

/** An entry's position is kept in the low bits of the number it is sorted by. */
const positionBits = 21;
const entryLimit = 1 << positionBits;
const buckets = 256;

/** Steps between two looks at the clock. */
const strideMask = 63;

/** A section of an opam file, one number for each column of the index. */
export type SectionRow = readonly [
  rank: number,
  md5: number,
  sha256: number,
  sha512: number,
  source: number,
  flags: number,
];

/** The rows of an archive index while it is made. */
export class ArchiveRows {
  readonly #sections: SectionRow[] = [];
  readonly #highs: number[] = [];
  readonly #lows: number[] = [];
  readonly #owners: number[] = [];

  /** False when there is no room for it. */
  add(section: SectionRow, keys: readonly ArchiveKey[]): boolean {
    if (this.#highs.length + keys.length > entryLimit) return false;
    const owner = this.#sections.push(section) - 1;
    for (const { high, low } of keys) this.#entry(high, low, owner);
    return true;
  }

  /** Takes over the sections of files that did not change. `ranks`: by old rank the new one, -1 where the file changed or is gone. */
  async takeOver(index: ArchiveIndex, ranks: Int32Array, slice: Slice): Promise<void> {
    const owners = new Int32Array(index.sections).fill(-1);
    for (let i = 0; i < index.sections; i++) {
      const rank = ranks[index.ranks[i]!] ?? -1;
      if (rank < 0) continue;
      const [md5, sha256, sha512] = index.digests;
      owners[i] = this.#sections.push([rank, md5[i]!, sha256[i]!, sha512[i]!, index.sources[i]!, index.flags[i]!]) - 1;
      if ((i & strideMask) === 0 && slice.due()) await slice.pause();
    }
    for (let i = 0; i < index.entries; i++) {
      const owner = owners[index.owners[i]!] ?? -1;
      if (owner >= 0) this.#entry(index.highs[i]!, index.lows[i]!, owner);
      if ((i & strideMask) === 0 && slice.due()) await slice.pause();
    }
  }

  /** The table, see ArchiveIndex. */
  async table(slice: Slice): Promise<ArrayBuffer> {
    const order = await this.#order(slice);
    const n = this.#sections.length;
    const m = order.length;
    const words = new Uint32Array(headWords + 6 * n + 3 * m);
    words.set([indexMagic, n, m, await this.#countArchives(slice)]);
    for (const [i, row] of this.#sections.entries()) {
      for (let column = 0; column < 6; column++) words[headWords + column * n + i] = row[column]!;
      if ((i & strideMask) === 0 && slice.due()) await slice.pause();
    }
    const entriesAt = headWords + 6 * n;
    for (let i = 0; i < m; i++) {
      const from = order[i]!;
      words[entriesAt + i] = this.#highs[from]!;
      words[entriesAt + m + i] = this.#lows[from]!;
      words[entriesAt + 2 * m + i] = this.#owners[from]!;
      if ((i & strideMask) === 0 && slice.due()) await slice.pause();
    }
    return words.buffer;
  }

  #entry(high: number, low: number, owner: number): void {
    this.#highs.push(high);
    this.#lows.push(low);
    this.#owners.push(owner);
  }

  /** Positions of the entries by rising high half. Sorted in buckets: sorting all is one step that nothing can interrupt. */
  async #order(slice: Slice): Promise<Uint32Array> {
    const count = this.#highs.length;
    const ends = new Uint32Array(buckets);
    for (let i = 0; i < count; i++) ends[this.#highs[i]! >>> 24]!++;
    for (let b = 1; b < buckets; b++) ends[b]! += ends[b - 1]!;
    const numbers = new Float64Array(count);
    const at = Uint32Array.from(ends);
    for (let i = count - 1; i >= 0; i--) {
      numbers[--at[this.#highs[i]! >>> 24]!] = this.#highs[i]! * entryLimit + i;
      if ((i & strideMask) === 0 && slice.due()) await slice.pause();
    }
    for (let b = 0; b < buckets; b++) {
      numbers.subarray(at[b]!, ends[b]!).sort();
      if (slice.due()) await slice.pause();
    }
    const order = new Uint32Array(count);
    for (let i = 0; i < count; i++) order[i] = numbers[i]! % entryLimit;
    return order;
  }

  /** Archives that can be mirrored: with an address of their own and a checksum. */
  async #countArchives(slice: Slice): Promise<number> {
    const distinct = new Set<number>();
    for (const [i, [, md5, sha256, sha512, source]] of this.#sections.entries()) {
      if (source !== 0 && (md5 | sha256 | sha512) !== 0) distinct.add(source);
      if ((i & strideMask) === 0 && slice.due()) await slice.pause();
    }
    return distinct.size;
  }
}
