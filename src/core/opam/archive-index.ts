import { type ArchiveKey, checksumKey, urlKey } from "./archive-key.ts";
import { normalizedUrl } from "./archive-url.ts";
import type { Checksum } from "./checksum.ts";

/**
 * The archive index of a snapshot: which opam file names a checksum or a URL. One flat table, sorted by key and searched by halving.
 * It holds no more than it must: the opam file is read for everything else. Layout, all numbers u32 in the machine's order
 * (a table never leaves it), `n` sections and `m` entries:
 *
 * magic, n, m, distinct archives; n × rank of the opam file in the manifest; n × first digits of the md5, of the sha256, of the
 * sha512 (0 where none is listed); n × high half of the key of the first URL (0 where there is none); n × flags;
 * m × high half of the key, rising; m × low half; m × section.
 */
export const indexMagic = 0x3141574f;
export const headWords = 4;
export const archivesWord = 3;

/** Flags of a section. */
export const sectionFlags = {
  /** Of a package that nobody can install. */
  unavailable: 1,
  /** An `extra-source`. */
  extra: 2,
  /** A file of the package's `files` folder, which `extra-files` lists. */
  file: 4,
} as const;

export class ArchiveIndex {
  readonly sections: number;
  readonly entries: number;
  /** Distinct addresses of archives with a checksum. */
  readonly archives: number;
  readonly ranks: Uint32Array;
  /** First 32 bits of each checksum of a section, by column: md5, sha256, sha512. */
  readonly digests: readonly [md5: Uint32Array, sha256: Uint32Array, sha512: Uint32Array];
  readonly sources: Uint32Array;
  readonly flags: Uint32Array;
  readonly highs: Uint32Array;
  readonly lows: Uint32Array;
  readonly owners: Uint32Array;

  /** Throws RangeError when the buffer is not an archive index. */
  constructor(buffer: ArrayBuffer) {
    const words = buffer.byteLength % 4 === 0 ? new Uint32Array(buffer) : new Uint32Array(0);
    if (words.length < headWords || words[0] !== indexMagic) throw new RangeError("not an archive index");
    const [, n = 0, m = 0] = words;
    if (words.length !== headWords + 6 * n + 3 * m) {
      throw new RangeError("an archive index of the wrong length");
    }
    this.sections = n;
    this.entries = m;
    this.archives = words[archivesWord]!;
    const column = (i: number) => words.subarray(headWords + i * n, headWords + (i + 1) * n);
    this.ranks = column(0);
    this.digests = [column(1), column(2), column(3)];
    this.sources = column(4);
    this.flags = column(5);
    const entriesAt = headWords + 6 * n;
    this.highs = words.subarray(entriesAt, entriesAt + m);
    this.lows = words.subarray(entriesAt + m, entriesAt + 2 * m);
    this.owners = words.subarray(entriesAt + 2 * m);
  }

  /** Manifest ranks of at most `limit` opam files that seem to list the checksum: to be confirmed by reading them. */
  filesOfChecksum(checksum: Checksum, limit: number): readonly number[] {
    return this.#files(checksumKey(checksum), limit);
  }

  /** The same for a URL, however it is written. */
  filesOfUrl(url: string, limit: number): readonly number[] {
    const normalized = normalizedUrl(url);
    return normalized === null ? [] : this.#files(urlKey(normalized), limit);
  }

  /** Whether an opam file seems to name the URL. Takes microseconds, whatever the answer. */
  hasUrl(url: string): boolean {
    return this.filesOfUrl(url, 1).length > 0;
  }

  #files({ high, low }: ArchiveKey, limit: number): readonly number[] {
    const { highs, lows, owners } = this;
    let at = 0;
    for (let end = this.entries; at < end; ) {
      const middle = (at + end) >> 1;
      if (highs[middle]! < high) at = middle + 1;
      else end = middle;
    }
    const found: number[] = [];
    for (; highs[at] === high && found.length < limit; at++) {
      if (lows[at] !== low) continue;
      const rank = this.ranks[owners[at]!]!;
      if (!found.includes(rank)) found.push(rank);
    }
    return found;
  }
}
