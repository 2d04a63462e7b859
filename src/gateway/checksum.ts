import { MirrorError } from "../core/errors.ts";

export type Algorithm = "md5" | "sha256" | "sha512";
export const algorithms: readonly Algorithm[] = ["sha256", "sha512", "md5"];

export interface Checksum {
  readonly algorithm: Algorithm;
  /** Lower-case hexadecimal digits of the algorithm's length. */
  readonly hex: string;
}

const digits: Readonly<Record<Algorithm, number>> = { md5: 32, sha256: 64, sha512: 128 };

/** Throws `checksum-malformed`. */
export function checksumOf(algorithm: string, hex: string): Checksum {
  const known = algorithms.find((name) => name === algorithm);
  if (known === undefined || hex.length !== digits[known] || !/^[0-9a-f]+$/.test(hex)) {
    throw new MirrorError("checksum-malformed", { text: `${algorithm}/${hex}`.slice(0, 200) });
  }
  return { algorithm: known, hex };
}

/** The place of an archive in a cache (opam manual, archive mirrors): `sha256/ab/abcd…`. */
export function cachePath({ algorithm, hex }: Checksum): string {
  return `${algorithm}/${hex.slice(0, 2)}/${hex}`;
}

/** As opam files write it: `sha256=abcd…`. */
export function checksumText({ algorithm, hex }: Checksum): string {
  return `${algorithm}=${hex}`;
}
