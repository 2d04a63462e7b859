import type { Clock } from "../core/cooperation/clock.ts";
import type { Slice } from "../core/cooperation/slice.ts";
import type { AnsweringHost } from "../core/http/problem.ts";
import type { Checksum, ChecksumAlgorithm } from "../core/opam/checksum.ts";
import type { KeepingStatus } from "../protocol/keeping.ts";
import type { EngineStatus, LiveAnswer, UpdateOrder } from "../protocol/messages.ts";
import type { Snapshot } from "../store/snapshot-reader.ts";
import type { Store } from "../store/store.ts";
import type { ArchiveCatalog } from "./archive-catalog.ts";
import type { ArchiveIndexes } from "./archive-indexes.ts";

/** The clone in progress, asked over a port (or in process). */
export interface Live {
  /** See Engine.live. */
  answer(repository: string, path: string, waitMs: number): Promise<LiveAnswer>;
}

/** The HTTP repository with the same content, used only before the first snapshot. */
export interface Upstream {
  /** Null when there is none or it did not deliver: never a reason for a 404 here. */
  fetch(repository: string, path: string, signal: AbortSignal): Promise<Response | null>;
}

/** Bytes that are too many for memory. */
export interface ArchiveStream {
  /** Null while that is not known: then ranges of it cannot be told. */
  readonly size: number | null;
  /** The bytes from `first` to `last`, both included (`Infinity`: the end). Fails rather than ending with bytes that are not verified. */
  open(first: number, last: number): ReadableStream<Uint8Array<ArrayBuffer>>;
}

export interface Archive {
  /** Verified against the checksum it was asked by, and all that opam files of the repository list with it; of a stream, before its end. */
  readonly body: Uint8Array<ArrayBuffer> | Blob | ArchiveStream;
  /** Null while that is not known. */
  readonly sha256: string | null;
  readonly source: "store" | "upstream" | "snapshot";
}

/** Checksums are as opam writes them (`sha256=…`). */
export interface ArchivesReport {
  readonly active: readonly string[];
  readonly failed: readonly string[];
  /** Places that sent something else than what opam files list. */
  readonly mismatched?: readonly { readonly checksum: string; readonly place: string }[];
}

export interface Archives {
  /**
   * Null when no source has it. `mayStream`: a large one is answered while it arrives. Throws `archive-mismatch`, `archive-unavailable`,
   * `aborted`.
   */
  get(
    repository: string,
    algorithm: ChecksumAlgorithm,
    hex: string,
    signal: AbortSignal,
    mayStream: boolean,
  ): Promise<Archive | null>;
  /**
   * The same for one that was read from the store before, if it still is what it was: null says nothing. Throws `archive-unavailable`. Left out where
   * this is no faster.
   */
  again?(repository: string, checksum: Checksum): Promise<Archive | null>;
  /** For `status`. */
  report(): ArchivesReport;
}

/** Milliseconds. */
export interface Deadlines {
  /** `repo`, `version` and package files, before and after the first snapshot. */
  readonly metadata: number;
  readonly tarball: number;
  /** A whole archive; its first byte and idle times are limited by who fetches it. */
  readonly archive: number;
  /** How long `status` waits for the engine and the store before it says what it knows. */
  readonly status: number;
}

export const defaultDeadlines: Deadlines = { metadata: 2_000, tarball: 20_000, archive: 600_000, status: 25 };

export interface HandlerDeps {
  /** URL of the scope, ending in `/`. */
  readonly base: string;
  readonly store: Store;
  /** The published snapshot, pinned for the request; null before the first. Throws `store-lost`. */
  readonly openSnapshot: (repository: string) => Promise<Snapshot | null>;
  readonly clock: Clock;
  /** A slice for the work of one request. */
  readonly slice: () => Slice;
  readonly version: string;
  readonly host: AnsweringHost;
  readonly live: Live | null;
  readonly upstream: Upstream | null;
  readonly archives: Archives | null;
  /** What opam files name, for requests by an archive's own URL; without it there are none. */
  readonly catalog?: ArchiveCatalog;
  /** Shared with the catalog. */
  readonly indexes?: ArchiveIndexes;
  /** Starts a sync, or sees to it that somebody does. Resolves when that was asked for, not when it is done. */
  readonly startUpdate: (repository: string, order?: UpdateOrder) => Promise<void>;
  readonly engineStatus: () => Promise<EngineStatus | null>;
  /** What is kept of archives, for `status`; null where nothing was said of it. */
  readonly keeping?: () => KeepingStatus | null;
  /** How to answer a request that turned out not to be ours (see Handler.matches); without it, 404. */
  readonly passThrough?: (request: Request) => Promise<Response>;
  /** Milliseconds that an answer took, for the availability meter. */
  readonly onAnswered?: (ms: number) => void;
  readonly deadlines?: Partial<Deadlines>;
  /** Whether small bodies are handed over as streams that hold all their bytes (docs/decisions/037-small-bodies.md). Left out: not. */
  readonly pipesSmallBodies?: boolean;
}
