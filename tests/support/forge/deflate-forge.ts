import { concat } from "./git-object.ts";

/** Writes bits as RFC 1951 packs them: from the least significant bit of each byte; Huffman codes most significant bit first. */
export class BitWriter {
  readonly #bytes: number[] = [];
  #bit = 0;

  bits(value: number, count: number): this {
    for (let i = 0; i < count; i++) this.#put(Math.floor(value / 2 ** i) & 1);
    return this;
  }

  code(code: Code | undefined): this {
    if (code === undefined) throw new RangeError("this symbol has no code");
    for (let i = code.length - 1; i >= 0; i--) this.#put((code.code >>> i) & 1);
    return this;
  }

  /** Fills up the byte that was begun with zeros. */
  align(): this {
    this.#bit = 0;
    return this;
  }

  bytes(data: Uint8Array): this {
    this.align();
    for (const byte of data) this.#bytes.push(byte);
    return this;
  }

  end(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #put(bit: number): void {
    if (this.#bit === 0) this.#bytes.push(0);
    const last = this.#bytes.length - 1;
    this.#bytes[last] = (this.#bytes[last] ?? 0) | (bit << this.#bit);
    this.#bit = (this.#bit + 1) & 7;
  }
}

export interface Code {
  readonly code: number;
  readonly length: number;
}

/** The canonical codes of RFC 1951 §3.2.2 for the code lengths given; the lengths need not form a valid set. */
export function canonicalCodes(lengths: readonly number[]): (Code | undefined)[] {
  let code = 0;
  const codes = new Array<Code | undefined>(lengths.length);
  for (let length = 1; length <= 15; length++) {
    code *= 2;
    lengths.forEach((own, symbol) => {
      if (own === length) codes[symbol] = { code: code++, length };
    });
  }
  return codes;
}

const fixedLengths = Array.from({ length: 288 }, (_, symbol) =>
  symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8,
);
/** The fixed literal and length codes, symbols 286 and 287 included, which must not occur in a stream. */
export const fixedLiterals: readonly (Code | undefined)[] = canonicalCodes(fixedLengths);
/** The fixed distance codes, 30 and 31 included, which must not occur in a stream. */
export const fixedDistances: readonly (Code | undefined)[] = canonicalCodes(new Array<number>(32).fill(5));

export const blockTypes = { stored: 0, fixed: 1, dynamic: 2, reserved: 3 } as const;

export function blockHeader(writer: BitWriter, type: number, final = true): BitWriter {
  return writer.bits(final ? 1 : 0, 1).bits(type, 2);
}

export function storedBlock(
  writer: BitWriter,
  data: Uint8Array,
  options: { final?: boolean; complement?: number; length?: number } = {},
): BitWriter {
  const { final = true, length = data.length, complement = ~length & 0xffff } = options;
  return blockHeader(writer, blockTypes.stored, final).align().bits(length, 16).bits(complement, 16).bytes(data);
}

/** Code-length symbols in the order in which a dynamic block lists their lengths. */
const lengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

export interface DynamicHeader {
  /** Lengths of the literal and length codes, then those of the distance codes, written as one list without repeats. */
  readonly literals: readonly number[];
  readonly distances: readonly number[];
  readonly final?: boolean;
  /** Lengths of the 19 code-length codes; by default sixteen codes of four bits for the lengths 0 to 15. */
  readonly codeLengths?: readonly number[];
  /** In place of the plain list: symbols of the code-length alphabet with their extra bits. */
  readonly symbols?: readonly { symbol: number; extra?: number; bits?: number }[];
}

export function dynamicHeader(writer: BitWriter, header: DynamicHeader): BitWriter {
  const { codeLengths = Array.from({ length: 19 }, (_, symbol) => (symbol < 16 ? 4 : 0)) } = header;
  blockHeader(writer, blockTypes.dynamic, header.final ?? true);
  writer
    .bits(header.literals.length - 257, 5)
    .bits(header.distances.length - 1, 5)
    .bits(19 - 4, 4);
  for (const symbol of lengthOrder) writer.bits(codeLengths[symbol] ?? 0, 3);
  const codes = canonicalCodes(codeLengths);
  const symbols: NonNullable<DynamicHeader["symbols"]> =
    header.symbols ?? [...header.literals, ...header.distances].map((symbol) => ({ symbol }));
  for (const { symbol, extra = 0, bits = 0 } of symbols) writer.code(codes[symbol]).bits(extra, bits);
  return writer;
}

/** A deflate stream inside RFC 1950's header and checksum, each of which may be given wrongly. */
export function zlibStream(
  deflated: Uint8Array,
  plain: Uint8Array,
  options: { cmf?: number; flags?: number; adler?: number; dictionary?: number } = {},
): Uint8Array {
  const { cmf = 0x78, dictionary } = options;
  const preset = dictionary === undefined ? 0 : 0x20;
  const flags = options.flags ?? preset + ((31 - ((cmf * 256 + preset) % 31)) % 31);
  return concat(
    Uint8Array.of(cmf, flags),
    dictionary === undefined ? "" : bigEndian(dictionary),
    deflated,
    bigEndian(options.adler ?? adler32(plain)),
  );
}

export function adler32(data: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (const byte of data) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

function bigEndian(value: number): Uint8Array {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value >>> 0);
  return out;
}
