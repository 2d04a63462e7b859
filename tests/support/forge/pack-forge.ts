import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { concat, type GitObject, type Kind } from "./git-object.ts";

const typeCodes: Readonly<Record<Kind, number>> = { commit: 1, tree: 2, blob: 3, tag: 4 };
export const ofsDeltaType = 6;
export const refDeltaType = 7;

export interface EntryOptions {
  /** The size that the entry's header claims; the length of the data unless given. */
  readonly size?: number | bigint;
  /** Redundant zero groups at the end of the size varint. */
  readonly padding?: number;
  /** The bytes stored in place of the zlib stream of the data. */
  readonly zlib?: Uint8Array;
  /** Deflate level for the data. */
  readonly level?: number;
}

export interface FinishOptions {
  readonly signature?: string | Uint8Array;
  readonly version?: number;
  /** The object count that the header claims; the number of entries unless given. */
  readonly count?: number;
  /** Bytes between the last entry and the trailer; part of what the trailer hashes. */
  readonly beforeTrailer?: Uint8Array;
  readonly trailer?: "right" | "wrong" | "truncated" | "none" | Uint8Array;
  /** Bytes after the trailer. */
  readonly afterTrailer?: Uint8Array;
}

/**
 * Writes packs, right or wrong, by Git's documentation of the pack format (gitformat-pack). It shares no code with the
 * readers that it is used to judge, and checks nothing.
 */
export class PackForge {
  readonly #parts: Uint8Array[] = [];
  #length = 12;
  #entries = 0;

  /** Where the next entry will start. */
  get offset(): number {
    return this.#length;
  }

  /** Adds an entry of any type code from 0 to 7; `base` stands between header and stream. Returns the entry's offset. */
  entry(type: number, data: Uint8Array, options: EntryOptions = {}, base: Uint8Array = new Uint8Array(0)): number {
    const { size = data.length, padding = 0, level = 6 } = options;
    const stream = options.zlib ?? deflateSync(data, { level });
    this.#entries++;
    return this.raw(concat(entryHeader(type, size, padding), base, stream));
  }

  object(object: GitObject, options: EntryOptions = {}): number {
    return this.entry(typeCodes[object.kind], object.data, options);
  }

  objects(objects: readonly GitObject[]): this {
    for (const object of objects) this.object(object);
    return this;
  }

  /** A delta whose base starts at an offset of this pack, right or wrong. */
  ofsDelta(base: number, delta: Uint8Array, options: EntryOptions = {}): number {
    return this.entry(ofsDeltaType, delta, options, offsetBytes(this.#length - base));
  }

  /** A delta whose distance to its base is written as the bytes given. */
  ofsDeltaRaw(distance: Uint8Array, delta: Uint8Array, options: EntryOptions = {}): number {
    return this.entry(ofsDeltaType, delta, options, distance);
  }

  refDelta(base: string, delta: Uint8Array, options: EntryOptions = {}): number {
    return this.entry(refDeltaType, delta, options, Buffer.from(base, "hex"));
  }

  /** Bytes as they are, not counted as an entry. Returns their offset. */
  raw(part: Uint8Array): number {
    const at = this.#length;
    this.#parts.push(part);
    this.#length += part.length;
    return at;
  }

  finish(options: FinishOptions = {}): Uint8Array {
    const { signature = "PACK", version = 2, count = this.#entries, trailer = "right" } = options;
    const numbers = Buffer.alloc(8);
    numbers.writeUInt32BE(version, 0);
    numbers.writeUInt32BE(count, 4);
    const body = concat(signature, numbers, ...this.#parts, options.beforeTrailer ?? "");
    return concat(body, trailerBytes(body, trailer), options.afterTrailer ?? "");
  }
}

/** The pack with its last 20 bytes replaced by the right hash of all before them. */
export function repairTrailer(pack: Uint8Array): Uint8Array {
  const body = pack.subarray(0, Math.max(0, pack.length - 20));
  return concat(body, sha1(body));
}

/** Type and size at the head of an entry: four bits of size, then seven a byte, least significant first. */
export function entryHeader(type: number, size: number | bigint, padding = 0): Uint8Array {
  let rest = BigInt(size);
  const out = [(type << 4) | Number(rest & 15n)];
  rest >>= 4n;
  while (rest > 0n) {
    out[out.length - 1] = (out.at(-1) ?? 0) | 0x80;
    out.push(Number(rest & 127n));
    rest >>= 7n;
  }
  for (let i = 0; i < padding; i++) {
    out[out.length - 1] = (out.at(-1) ?? 0) | 0x80;
    out.push(0);
  }
  return Uint8Array.from(out);
}

/** The distance of an ofs-delta: seven bits a byte, most significant first, each further byte adding one. Not below zero. */
export function offsetBytes(distance: number): Uint8Array {
  const out = [distance % 128];
  let rest = Math.floor(distance / 128);
  while (rest > 0) {
    rest--;
    out.unshift((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return Uint8Array.from(out);
}

function trailerBytes(body: Uint8Array, trailer: NonNullable<FinishOptions["trailer"]>): Uint8Array {
  if (typeof trailer !== "string") return trailer;
  const right = sha1(body);
  switch (trailer) {
    case "right":
      return right;
    case "wrong":
      return right.map((byte, i) => (i === 7 ? byte ^ 1 : byte));
    case "truncated":
      return right.subarray(0, 19);
    case "none":
      return new Uint8Array(0);
  }
}

function sha1(body: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha1").update(body).digest());
}
