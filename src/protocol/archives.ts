/** An archive that a mirror stores. Dates are ISO 8601 in UTC. */
export interface StoredArchiveEntry {
  readonly sha256: string;
  readonly md5: string;
  readonly sha512: string;
  /** Bytes. */
  readonly size: number;
  /** Where it was fetched from. */
  readonly urls: readonly string[];
  /** Whether it is kept, and never evicted. */
  readonly pinned: boolean;
  readonly lastUse: string;
  readonly verifiedAt: string;
}

/** The JSON of `<base>opam/<repository>/archives`: those of all repositories, since they share one store. */
export interface ArchivesAnswer {
  readonly archives: readonly StoredArchiveEntry[];
}
