/** What people ask of the archives that are kept. Orders are idempotent, and, but for `verify`, durable before they are carried out. */
export type KeepingOrder =
  /** `what`: `*` for everything, a package's name, `name.version`, or a checksum as opam writes it. */
  | { readonly type: "keep"; readonly repository: string; readonly what: readonly string[] }
  | { readonly type: "release"; readonly repository: string; readonly what: readonly string[] }
  | { readonly type: "pause" }
  | { readonly type: "resume" }
  /** Tries what failed once more. */
  | { readonly type: "retry" }
  /** Bytes that archives may take; null for no limit. */
  | { readonly type: "limit"; readonly bytes: number | null }
  /** Hashes all stored archives again. */
  | { readonly type: "verify" }
  /** `checksum`: the archive's sha256, 64 digits. One that is kept is fetched again. */
  | { readonly type: "remove"; readonly checksum: string };

export type KeepingState =
  /** Nothing is left to do. */
  | "idle"
  /** Opam files are read, to find what is to be kept. */
  | "planning"
  | "downloading"
  | "paused"
  /** What is kept already takes all that the limit allows. */
  | "full";

export interface KeptDownload {
  /** As opam writes it: `sha256=…`. */
  readonly checksum: string;
  /** For people: a package version that names it, and the file where it is not the package's source. */
  readonly label: string;
  readonly bytes: number;
  /** Null while it is not known. */
  readonly totalBytes: number | null;
}

export interface KeepingFailures {
  /** A sentence. */
  readonly reason: string;
  readonly count: number;
  /** The first of them. */
  readonly archives: readonly { readonly checksum: string; readonly label: string }[];
}

export interface VerifyReport {
  readonly running: boolean;
  readonly checked: number;
  readonly total: number;
  /** sha256 of those that did not match any more: they are stored no longer. */
  readonly bad: readonly string[];
  /** ISO 8601; null while it runs. */
  readonly finishedAt: string | null;
}

/** What is kept, and how far that has come. */
export interface KeepingStatus {
  readonly state: KeepingState;
  readonly limitBytes: number | null;
  readonly kept: readonly { readonly repository: string; readonly what: readonly string[] }[];
  /** Archives that are to be kept, and those of them that are stored. */
  readonly wanted: number;
  readonly stored: number;
  /** Bytes of all stored archives, and of those that are never evicted. */
  readonly storedBytes: number;
  readonly pinnedBytes: number;
  /** Archives that are stored, kept or not. */
  readonly archives: number;
  readonly waiting: number;
  /** Fetched since the engine was started. */
  readonly fetched: { readonly count: number; readonly bytes: number };
  readonly active: readonly KeptDownload[];
  /** Most frequent first. */
  readonly failures: readonly KeepingFailures[];
  readonly verify: VerifyReport | null;
}
