import type { YieldPolicy } from "../../../src/core/cooperation/slice.ts";
import type { RepositoryConfig } from "../../../src/protocol/config.ts";
import type { Engine } from "../../../src/protocol/messages.ts";

/** How the engine of a benchmark is wired; what is left out is as in the product. */
export interface EngineOptions {
  /** URL of the scope. */
  readonly base: string;
  readonly repository: RepositoryConfig;
  readonly store?: "indexeddb" | "memory";
  readonly policy?: YieldPolicy;
  readonly sliceMs?: number;
  /** Multiplies the limits on input. */
  readonly limits?: number;
}

/** One sync as the worker saw it. Milliseconds since it was asked for. */
export interface SyncFigures {
  /** When each step had ended, in the order in which they did. */
  readonly steps: readonly StepFigures[];
  /** Every package file is servable from here on. */
  readonly publishedMs: number;
  /** So is `index.tar.gz`. */
  readonly indexedMs: number;
  /** So is the archive index, in an update before `index.tar.gz`. */
  readonly archivesMs: number;
  /** Nothing of the sync runs any more. */
  readonly settledMs: number;
  readonly longestGapMs: number;
  readonly packBytes: number;
  /** Bytes of the pack as it was sent. */
  readonly receivedBytes: number;
  readonly tarballBytes: number;
  readonly manifestBytes: number;
}

export interface StepFigures {
  readonly step:
    | "discovered"
    | "answered"
    | "verified"
    | "stored"
    | "published"
    | "recorded"
    | "indexed"
    | "archives"
    | "settled";
  readonly atMs: number;
  /** The longest gap so far: the step in which it grew to its last value is the one that made it. */
  readonly longestGapMs: number;
}

export interface CompactionFigures {
  readonly ms: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

export interface TarballFigures {
  readonly ms: number;
  readonly bytes: number;
}

/** What the benchmark's sync worker exposes to its page. */
export interface BenchEngine extends Engine {
  start(options: EngineOptions): Promise<void>;
  /** A whole sync of that branch, as if nothing had been stored before. Rejects when it fails. */
  sync(branch: string): Promise<SyncFigures>;
  /** A sync that builds upon what is stored, however old the branch is. Rejects when it fails. */
  updateTo(branch: string): Promise<SyncFigures>;
  /** Puts the packs of the snapshot that serves into one. */
  compact(): Promise<CompactionFigures>;
  /** Builds `index.tar.gz` of the snapshot that serves, and stores nothing. */
  buildTarball(): Promise<TarballFigures>;
  /** Exposes the engine at a port: the other end is the service worker's. */
  connect(port: MessagePort): Promise<void>;
  ping(): Promise<void>;
}
