/** What keeps an archive from being mirrored, or makes it less trustworthy. */
export type ArchiveProblemKind =
  /** The opam file cannot be read. */
  | "parse"
  /** A URL without any checksum: never served. */
  | "no-checksum"
  /** md5 alone: served, and refused where checksums must be strong. */
  | "weak-checksum"
  /** A listed checksum that opam does not know. */
  | "malformed-checksum"
  /** A version control address or a local path: nothing to mirror. */
  | "not-an-archive"
  /** A file that `extra-files` lists is not there, or has other bytes: opam refuses the package. */
  | "extra-file"
  /** One checksum or URL with different other checksums elsewhere. */
  | "conflict";

export interface ArchiveProblem {
  readonly kind: ArchiveProblemKind;
  /** Of the opam file. */
  readonly path: string;
  readonly message: string;
}
