import { MirrorError } from "../errors.ts";

/** The kinds of checksums opam knows, as they appear in opam files and in cache paths. */
export type ChecksumAlgorithm = "md5" | "sha256" | "sha512";

export interface Checksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Lower-case digits of the algorithm's length. */
  readonly hex: string;
}

const digits: ReadonlyMap<string, number> = new Map([
  ["md5", 32],
  ["sha256", 64],
  ["sha512", 128],
]);

/** Throws `checksum-malformed` for an unknown kind, and for anything but lower-case digits of the kind's length. */
export function checkChecksum(algorithm: string, hex: string): ChecksumAlgorithm {
  if (digits.get(algorithm) !== hex.length || !/^[0-9a-f]+$/.test(hex)) {
    throw new MirrorError("checksum-malformed", { text: `${algorithm}/${hex}`.slice(0, 200) });
  }
  return algorithm as ChecksumAlgorithm;
}

/** A checksum as opam files write it: `kind=digits`, or a bare md5; letters of either case. Null for anything else. */
export function parseChecksum(text: string): Checksum | null {
  const equals = text.indexOf("=");
  const algorithm = equals < 0 ? "md5" : text.slice(0, equals).toLowerCase();
  const hex = text.slice(equals + 1).toLowerCase();
  if (digits.get(algorithm) !== hex.length || !/^[0-9a-f]+$/.test(hex)) return null;
  return { algorithm: algorithm as ChecksumAlgorithm, hex };
}
