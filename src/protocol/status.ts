import type { Availability } from "../core/cooperation/meter.ts";
import type { ErrorRecord } from "../core/errors.ts";
import type { KeepingStatus } from "./keeping.ts";

/** The JSON of `<base>opam/<repository>/status` (design: HTTP surface, status). Dates are ISO 8601 in UTC. */
export interface Status {
  readonly version: string;
  readonly repositories: readonly RepositoryStatus[];
  readonly availability: AvailabilityStatus;
  readonly storage: StorageStatus;
  /** What a gateway keeps of archives, where it was told to; pages hear of their own mirror's by `mirror.archives`. */
  readonly keeping?: KeepingStatus;
}

export type RepositoryState = "empty" | "syncing" | "ready" | "error";
export type SyncPhase = "discover" | "receive" | "resolve" | "publish" | "index";

export interface SyncProgress {
  readonly bytes: number;
  readonly objects: number;
  readonly totalObjects: number;
}

export interface LastSync {
  readonly startedAt: string;
  readonly durationMs: number;
  readonly changedFiles: number;
  readonly error: ErrorRecord | null;
  /** Why the compaction that followed it failed. What is served is as it was, and the next sync brings the next try. */
  readonly compaction?: ErrorRecord;
}

export interface RepositoryStatus {
  readonly name: string;
  readonly remote: string;
  readonly branch: string;
  readonly state: RepositoryState;
  readonly phase: SyncPhase | null;
  readonly commit: string | null;
  readonly committedAt: string | null;
  /** Number of package names, and of `name.version` folders with an opam file. */
  readonly packages: number;
  readonly versions: number;
  readonly progress: SyncProgress;
  readonly lastSync: LastSync | null;
  readonly archives: {
    readonly known: number;
    readonly stored: number;
    readonly storedBytes: number;
    readonly active: readonly string[];
    readonly failed: readonly string[];
    /** Places that sent something else than what opam files list, if there are any; the newest. */
    readonly mismatched?: readonly { readonly checksum: string; readonly place: string }[];
  };
  readonly parseErrors: readonly { readonly path: string; readonly message: string }[];
  /** Upstream's `redirect` field of the `repo` file, shown here because it is not passed on. */
  readonly redirect?: string;
  /** What the operator should know, e.g. that the demo repository is served because the remote could not be reached. */
  readonly notice?: string;
}

export type AvailabilityStatus = Availability;

export interface StorageStatus {
  readonly usageBytes: number;
  readonly quotaBytes: number;
  readonly persisted: boolean;
}
