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
  /** Symbols that have a code, in rising order, and the lengths of their codes. */
  readonly #used: Uint16Array;
  readonly #lengths: Uint8Array;
  #size = 0;

  constructor(rootBits: number, maxSymbols: number) {
    this.rootBits = rootBits;
    this.rootMask = (1 << rootBits) - 1;
    this.table = new Uint16Array(1 << rootBits);
    this.symbols = new Uint16Array(maxSymbols);
    this.#used = new Uint16Array(maxSymbols);
    this.#lengths = new Uint8Array(maxSymbols);
  }

  /** Begins a new code: `add` each symbol that has one, in rising order, then `finish`. */
  begin(): void {
    this.#size = 0;
    const counts = this.counts;
    for (let length = 0; length < 16; length++) counts[length] = 0;
  }

  /** Symbols without a code (length 0) are left out: of a small object's alphabet these are most. */
  add(symbol: number, length: number): void {
    const at = this.#size++;
    this.#used[at] = symbol;
    this.#lengths[at] = length;
    this.counts[length]!++;
  }

  /** Whether the symbol was added since `begin`, for symbols that come near the end. */
  has(symbol: number): boolean {
    for (let at = this.#size - 1; at >= 0 && this.#used[at]! >= symbol; at--)
      if (this.#used[at] === symbol) return true;
    return false;
  }

  /**
   * Builds the code. False when the set is over-subscribed, or incomplete where zlib does not allow it: only a single code of one
   * bit may stand alone, and only if `mayBeIncomplete`.
   */
  finish(mayBeIncomplete: boolean): boolean {
    const counts = this.counts;
    const next = this.#next;
    const table = this.table;
    const used = this.#used;
    const lengths = this.#lengths;
    const n = this.#size;
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
    if (left > 0 && n > 0 && !(mayBeIncomplete && longest === 1)) return false;
    if (n === 0 && !mayBeIncomplete) return false;
    const rootBits = this.rootBits;
    if (left > 0 || longest > rootBits) {
      table.fill(0);
      this.#order();
    }
    const size = 1 << rootBits;
    for (let i = 0; i < n; i++) {
      const length = lengths[i]!;
      const assigned = next[length]!++;
      if (length > rootBits) continue;
      const entry = (used[i]! << 4) | length;
      const step = 1 << length;
      for (let at = reversed(assigned, length); at < size; at += step) table[at] = entry;
    }
    return true;
  }

  /** Orders the symbols by code, for codes that the table does not hold. */
  #order(): void {
    const offsets = this.#offsets;
    offsets[1] = 0;
    for (let length = 1; length < 15; length++) offsets[length + 1] = offsets[length]! + this.counts[length]!;
    for (let i = 0; i < this.#size; i++) this.symbols[offsets[this.#lengths[i]!]!++] = this.#used[i]!;
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
