import { MirrorError } from "../errors.ts";

/** The kinds of checksums opam knows, as they appear in opam files and in cache paths. */
export type ChecksumAlgorithm = "md5" | "sha256" | "sha512";

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
