/**
 * Canonical Huffman codes of RFC 1951 §3.2.2: a table indexed by the next `rootBits` bits for the short codes, and a
 * bit-by-bit canonical walk for the few longer ones. A full table would cost more to fill than a small object costs to decode.
 */
export class HuffmanCode {
  readonly rootBits: number;
  readonly rootMask: number;
  /** `symbol << 4 | length`; 0 where the code is longer than `rootBits` or not assigned. */
  readonly table: Uint16Array;
  /** Number of codes of each length. */
  readonly counts: Uint16Array = new Uint16Array(16);
  /** Symbols ordered by code. */
  readonly symbols: Uint16Array;
  readonly #next: Uint16Array = new Uint16Array(16);
  readonly #offsets: Uint16Array = new Uint16Array(16);

  constructor(rootBits: number, maxSymbols: number) {
    this.rootBits = rootBits;
    this.rootMask = (1 << rootBits) - 1;
    this.table = new Uint16Array(1 << rootBits);
    this.symbols = new Uint16Array(maxSymbols);
  }

  /**
   * Builds the code from `lengths[from..from+n)`. False when the set is over-subscribed, or incomplete where zlib does not allow it:
   * only a single code of one bit may stand alone, and only if `mayBeIncomplete`.
   */
  build(lengths: Uint8Array, from: number, n: number, mayBeIncomplete: boolean): boolean {
    const counts = this.counts;
    const next = this.#next;
    const table = this.table;
    for (let length = 0; length < 16; length++) counts[length] = 0;
    const end = from + n;
    for (let i = from; i < end; i++) counts[lengths[i]!]!++;
    const used = n - counts[0]!;
    counts[0] = 0;
    let left = 1;
    let longest = 0;
    let code = 0;
    for (let length = 1; length < 16; length++) {
      const count = counts[length]!;
      left = left * 2 - count;
      if (left < 0) return false;
      if (count > 0) longest = length;
      code = (code + counts[length - 1]!) << 1;
      next[length] = code;
    }
    if (left > 0 && used > 0 && !(mayBeIncomplete && longest === 1)) return false;
    if (used === 0 && !mayBeIncomplete) return false;
    const rootBits = this.rootBits;
    if (left > 0 || longest > rootBits) {
      table.fill(0);
      this.#order(lengths, from, n);
    }
    const size = 1 << rootBits;
    for (let i = from; i < end; i++) {
      const length = lengths[i]!;
      if (length === 0) continue;
      const assigned = next[length]!++;
      if (length > rootBits) continue;
      const entry = ((i - from) << 4) | length;
      const step = 1 << length;
      for (let at = reversed(assigned, length); at < size; at += step) table[at] = entry;
    }
    return true;
  }

  /** Orders the symbols by code, for codes that the table does not hold. */
  #order(lengths: Uint8Array, from: number, n: number): void {
    const offsets = this.#offsets;
    offsets[1] = 0;
    for (let length = 1; length < 15; length++) offsets[length + 1] = offsets[length]! + this.counts[length]!;
    for (let symbol = 0; symbol < n; symbol++) {
      const length = lengths[from + symbol]!;
      if (length !== 0) this.symbols[offsets[length]!++] = symbol;
    }
  }

  /**
   * Decodes a code longer than the root table from `bits` (least significant bit first, at least 15 valid or zero bits).
   * Returns `symbol << 4 | length`, or -1 when no such code is assigned.
   */
  walk(bits: number): number {
    const counts = this.counts;
    let code = 0;
    let first = 0;
    let index = 0;
    let rest = bits;
    for (let length = 1; length < 16; length++) {
      code |= rest & 1;
      rest >>>= 1;
      const count = counts[length]!;
      if (code - count < first) return (this.symbols[index + (code - first)]! << 4) | length;
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    return -1;
  }
}

const reverse8 = Uint8Array.from({ length: 256 }, (_, byte) => {
  let result = 0;
  for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) result |= 128 >> bit;
  return result;
});

function reversed(code: number, length: number): number {
  return ((reverse8[code & 255]! << 8) | reverse8[code >> 8]!) >> (16 - length);
}
