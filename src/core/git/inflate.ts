import { adler32 } from "./adler32.ts";
import { HuffmanCode } from "./huffman.ts";

/** The bytes given end before the stream does: try again with more. */
export const needMore = -1;
/** The stream is not a valid zlib stream of the expected size. */
export const corrupt = -2;
/** Beyond all positions, and the largest number that is a small integer everywhere: a field that was once larger has all of this compiled anew. */
const farthest = 0x3fffffff;
/** As many bytes were read as were allowed in one go: `goOn`. */
export const paused = -3;

// biome-ignore format: a table
const lengthBase = Uint16Array.from([3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258]);
// biome-ignore format: a table
const lengthExtra = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]);
// biome-ignore format: a table
const distanceBase = Uint16Array.from([1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577]);
// biome-ignore format: a table
const distanceExtra = Uint8Array.from([0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13]);
// biome-ignore format: a table
const codeLengthOrder = Uint8Array.from([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

// Filling a table costs as much as decoding a small object: these hold nearly all codes that occur, as in zlib.
const literalBits = 9;
const literalMask = (1 << literalBits) - 1;
const distanceBits = 7;
const distanceMask = (1 << distanceBits) - 1;

const fixedLiterals = new HuffmanCode(literalBits, 288);
const fixedDistances = new HuffmanCode(distanceBits, 32);
fixedLiterals.begin();
for (let symbol = 0; symbol < 288; symbol++)
  fixedLiterals.add(symbol, symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8);
fixedLiterals.finish(false);
fixedDistances.begin();
for (let symbol = 0; symbol < 32; symbol++) fixedDistances.add(symbol, 5);
fixedDistances.finish(false);

/**
 * zlib streams (RFC 1950, RFC 1951) of known inflated size, read by position from a larger buffer: what a pack is made of.
 * It says where a stream ends, which the platform's DecompressionStream does not. Accepts exactly what zlib's inflate accepts.
 */
export class Inflater {
  readonly #literals: HuffmanCode = new HuffmanCode(literalBits, 288);
  readonly #distances: HuffmanCode = new HuffmanCode(distanceBits, 32);
  readonly #codeLengths: HuffmanCode = new HuffmanCode(7, 19);
  readonly #lengths: Uint8Array = new Uint8Array(19);
  #at = 0;
  #bits = 0;
  #count = 0;
  /** Where a stream pauses that is read in parts; how much of it was written, and what block that is in. */
  #pauseAt = 0;
  #written = 0;
  #kind = 0;
  #final = false;
  readonly #checks: boolean;

  /** `checks`: whether the checksum at the end of a stream is compared. Bytes that were hashed before need it as little. */
  constructor(checks: boolean = true) {
    this.#checks = checks;
  }

  /**
   * Inflates the stream at `source[from..end)` into `target[to..to+size)`. Returns the position after the stream, `needMore` or `corrupt`;
   * or, after about `step` bytes of the source, `paused`, after which `goOn` takes the same arguments. A step writes at most 1,032 times as much.
   * `source` must reach at least 8 bytes beyond `end` (their values do not matter); `target` is scratch beyond what was returned as good.
   */
  inflate(
    source: Uint8Array,
    from: number,
    end: number,
    target: Uint8Array,
    to: number,
    size: number,
    step: number = farthest,
  ): number {
    if (from + 2 > end) return needMore;
    const cmf = source[from]!;
    const flags = source[from + 1]!;
    if ((cmf & 15) !== 8 || cmf >> 4 > 7 || ((cmf << 8) | flags) % 31 !== 0 || (flags & 32) !== 0) return corrupt;
    this.#at = from + 2;
    this.#bits = 0;
    this.#count = 0;
    this.#pauseAt = step < farthest - from ? from + step : farthest;
    return this.#ended(source, end, target, to, size, this.#blocks(source, end, target, to, to, to + size, false));
  }

  /** Goes on with the stream that paused. */
  goOn(source: Uint8Array, end: number, target: Uint8Array, to: number, size: number, step: number): number {
    this.#pauseAt = this.#at + step;
    const written = this.#blocks(source, end, target, to, this.#written, to + size, true);
    return this.#ended(source, end, target, to, size, written);
  }

  /** What follows the blocks: the checksum. */
  #ended(source: Uint8Array, end: number, target: Uint8Array, to: number, size: number, written: number): number {
    if (written === paused) return paused;
    if (written < 0) return this.#at > end ? needMore : written;
    const at = this.#at;
    if (at + 4 > end) return needMore;
    if (written !== to + size) return corrupt;
    if (!this.#checks) return at + 4;
    const expected = ((source[at]! << 24) | (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!) >>> 0;
    return adler32(target, to, written) === expected ? at + 4 : corrupt;
  }

  /** Decodes blocks until the final one; returns the end of the output and leaves `#at` after the last byte used. */
  #blocks(
    source: Uint8Array,
    end: number,
    target: Uint8Array,
    to: number,
    start: number,
    limit: number,
    inside: boolean,
  ): number {
    let out = start;
    let begins = !inside;
    for (;;) {
      if (begins) {
        while (this.#count < 3) {
          this.#bits |= source[this.#at++]! << this.#count;
          this.#count += 8;
        }
        this.#final = (this.#bits & 1) !== 0;
        this.#kind = (this.#bits >>> 1) & 3;
        this.#bits >>>= 3;
        this.#count -= 3;
      }
      if (this.#kind === 0) out = this.#stored(source, end, target, out, limit);
      else if (this.#kind === 1) out = this.#codes(source, end, target, to, out, limit, fixedLiterals, fixedDistances);
      else if (this.#kind === 2) {
        if (begins) {
          const problem = this.#header(source, end);
          if (problem < 0) return problem;
        }
        out = this.#codes(source, end, target, to, out, limit, this.#literals, this.#distances);
      } else return this.#blame(this.#at, this.#count, end);
      if (out < 0) return out;
      begins = true;
      const at = this.#at - (this.#count >> 3);
      if (at > end) {
        this.#at = end + 1;
        return needMore;
      }
      if (this.#final) {
        this.#at = at;
        return out;
      }
    }
  }

  /** A stored block: whole bytes that were taken ahead go back, what is left of the current byte is padding. */
  #stored(source: Uint8Array, end: number, target: Uint8Array, out: number, limit: number): number {
    const at = this.#at - (this.#count >> 3);
    this.#bits = 0;
    this.#count = 0;
    this.#at = end + 1;
    if (at + 4 > end) return needMore;
    const length = source[at]! | (source[at + 1]! << 8);
    this.#at = at + 4;
    if (length !== (~(source[at + 2]! | (source[at + 3]! << 8)) & 0xffff)) return corrupt;
    if (out + length > limit) return corrupt;
    this.#at = end + 1;
    if (at + 4 + length > end) return needMore;
    target.set(source.subarray(at + 4, at + 4 + length), out);
    this.#at = at + 4 + length;
    return out + length;
  }

  /** The codes of one block up to its end. A function of its own, as small as can be: it is compiled sooner than a large one. */
  #codes(
    source: Uint8Array,
    end: number,
    target: Uint8Array,
    to: number,
    start: number,
    limit: number,
    literals: HuffmanCode,
    distances: HuffmanCode,
  ): number {
    let at = this.#at;
    let bits = this.#bits;
    let count = this.#count;
    let out = start;
    const pauseAt = this.#pauseAt;
    const literalTable = literals.table;
    const distanceTable = distances.table;
    for (;;) {
      // Two bytes at a time: at least 16 bits for a code of at most 15, never more than 31, so that `bits` stays a small integer.
      if (count < 16) {
        if (at >= pauseAt) {
          this.#leave(at, bits, count);
          this.#written = out;
          return paused;
        }
        bits |= (source[at]! | (source[at + 1]! << 8)) << count;
        at += 2;
        count += 16;
      }
      let entry = literalTable[bits & literalMask]!;
      if (entry === 0) {
        entry = literals.walk(bits & 0x7fff);
        if (entry < 0) return this.#blame(at, count, end);
      }
      bits >>>= entry & 15;
      count -= entry & 15;
      if (entry < 4096) {
        if (out >= limit) return this.#blame(at, count, end);
        target[out++] = entry >>> 4;
        // A second literal, when the bits at hand hold its whole code.
        entry = literalTable[bits & literalMask]!;
        if (entry === 0 || entry >= 4096 || (entry & 15) > count || out >= limit) continue;
        bits >>>= entry & 15;
        count -= entry & 15;
        target[out++] = entry >>> 4;
        continue;
      }
      let symbol = entry >>> 4;
      if (symbol === 256) {
        this.#leave(at, bits, count);
        return out;
      }
      symbol -= 257;
      if (symbol > 28) return this.#blame(at, count, end);
      let extra = lengthExtra[symbol]!;
      if (count < 16) {
        bits |= (source[at]! | (source[at + 1]! << 8)) << count;
        at += 2;
        count += 16;
      }
      const length = lengthBase[symbol]! + (bits & ((1 << extra) - 1));
      bits >>>= extra;
      count -= extra;
      if (count < 16) {
        bits |= (source[at]! | (source[at + 1]! << 8)) << count;
        at += 2;
        count += 16;
      }
      entry = distanceTable[bits & distanceMask]!;
      if (entry === 0) {
        entry = distances.walk(bits & 0x7fff);
        if (entry < 0) return this.#blame(at, count, end);
      }
      bits >>>= entry & 15;
      count -= entry & 15;
      symbol = entry >>> 4;
      if (symbol > 29) return this.#blame(at, count, end);
      extra = distanceExtra[symbol]!;
      if (count < 16) {
        bits |= (source[at]! | (source[at + 1]! << 8)) << count;
        at += 2;
        count += 16;
      }
      const distance = distanceBase[symbol]! + (bits & ((1 << extra) - 1));
      bits >>>= extra;
      count -= extra;
      const match = out - distance;
      const stop = out + length;
      if (match < to || stop > limit) return this.#blame(at, count, end);
      if (length > 48 && distance >= length) {
        target.copyWithin(out, match, match + length);
        out = stop;
      } else {
        let copy = match;
        while (out < stop) target[out++] = target[copy++]!;
      }
      if (at > end + 8) {
        this.#at = at;
        return needMore;
      }
    }
  }

  /**
   * Notes where a block was left, whole bytes that were taken ahead given back: more than 30 bits would be no small integer (see `farthest`).
   */
  #leave(at: number, bits: number, count: number): void {
    this.#at = at - (count >> 3);
    this.#count = count & 7;
    this.#bits = bits & ((1 << (count & 7)) - 1);
  }

  /** An error found in bits that had not arrived yet is no error. */
  #blame(at: number, count: number, end: number): number {
    const used = at - (count >> 3);
    this.#at = used > end ? end + 1 : used;
    return used > end ? needMore : corrupt;
  }

  /** Reads the code lengths of a dynamic block (RFC 1951 §3.2.7). Returns 0, or an error. */
  #header(source: Uint8Array, end: number): number {
    let at = this.#at;
    let bits = this.#bits;
    let count = this.#count;
    while (count < 14) {
      bits |= source[at++]! << count;
      count += 8;
    }
    const literalCount = (bits & 31) + 257;
    const distanceCount = ((bits >>> 5) & 31) + 1;
    const codeLengthCount = ((bits >>> 10) & 15) + 4;
    bits >>>= 14;
    count -= 14;
    if (literalCount > 286 || distanceCount > 30) return this.#blame(at, count, end);
    const lengths = this.#lengths;
    lengths.fill(0, 0, 19);
    for (let i = 0; i < codeLengthCount; i++) {
      while (count < 3) {
        bits |= source[at++]! << count;
        count += 8;
      }
      lengths[codeLengthOrder[i]!] = bits & 7;
      bits >>>= 3;
      count -= 3;
    }
    const codeLengths = this.#codeLengths;
    codeLengths.begin();
    for (let symbol = 0; symbol < 19; symbol++) if (lengths[symbol] !== 0) codeLengths.add(symbol, lengths[symbol]!);
    if (!codeLengths.finish(false)) return this.#blame(at, count, end);
    const table = codeLengths.table;
    const literals = this.#literals;
    const distances = this.#distances;
    literals.begin();
    distances.begin();
    const total = literalCount + distanceCount;
    let filled = 0;
    let previous = -1;
    while (filled < total) {
      while (count < 14) {
        bits |= source[at++]! << count;
        count += 8;
      }
      const entry = table[bits & 127]!;
      if (entry === 0) return this.#blame(at, count, end);
      bits >>>= entry & 15;
      count -= entry & 15;
      const symbol = entry >>> 4;
      if (symbol < 16) {
        if (symbol !== 0) {
          if (filled < literalCount) literals.add(filled, symbol);
          else distances.add(filled - literalCount, symbol);
        }
        previous = symbol;
        filled++;
        continue;
      }
      let repeat: number;
      if (symbol === 16) {
        if (previous < 0) return this.#blame(at, count, end);
        repeat = 3 + (bits & 3);
        bits >>>= 2;
        count -= 2;
      } else {
        previous = 0;
        const extra = symbol === 17 ? 3 : 7;
        repeat = (symbol === 17 ? 3 : 11) + (bits & ((1 << extra) - 1));
        bits >>>= extra;
        count -= extra;
      }
      const stop = filled + repeat;
      if (stop > total) return this.#blame(at, count, end);
      if (previous === 0) filled = stop;
      for (; filled < stop; filled++) {
        if (filled < literalCount) literals.add(filled, previous);
        else distances.add(filled - literalCount, previous);
      }
      if (at > end + 8) break;
    }
    const used = at - (count >> 3);
    if (used > end) {
      this.#at = end + 1;
      return needMore;
    }
    this.#at = at;
    this.#bits = bits;
    this.#count = count;
    return literals.has(256) && literals.finish(true) && distances.finish(true) ? 0 : corrupt;
  }
}
