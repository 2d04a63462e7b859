import type { Checksum, ChecksumAlgorithm } from "./checksum.ts";

/**
 * 64 bits that stand for a checksum or a URL in the archive index. What the index finds by them is compared with the opam file
 * itself, so that two that meet cost time and nothing else.
 */
export interface ArchiveKey {
  readonly high: number;
  readonly low: number;
}

/** Keeps equal digits under two algorithms apart. */
const salts: { readonly [A in ChecksumAlgorithm]: number } = { md5: 0, sha256: 0x3c6ef372, sha512: 0x9b05688c };

export function checksumKey({ algorithm, hex }: Checksum): ArchiveKey {
  const high = (Number.parseInt(hex.slice(0, 8), 16) ^ salts[algorithm]) >>> 0;
  return { high, low: Number.parseInt(hex.slice(8, 16), 16) };
}

/** Two lanes of FNV-1a with different primes, mixed at the end. `url` is normalized. */
export function urlKey(url: string): ArchiveKey {
  let a = 0x811c9dc5;
  let b = 0x2545f491;
  for (let i = 0; i < url.length; i++) {
    const c = url.charCodeAt(i);
    a = Math.imul(a ^ c, 0x01000193);
    b = Math.imul(b ^ c, 0x5bd1e995);
  }
  return { high: mixed(a ^ (b >>> 16)), low: mixed(b ^ (a >>> 13)) };
}

function mixed(value: number): number {
  let x = value ^ (value >>> 16);
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}
