import type { YieldPolicy } from "../core/cooperation/slice.ts";
import type { ErrorRecord } from "../core/errors.ts";
import type { RepositoryConfig } from "./config.ts";
import type { MessagePortLike } from "./messages.ts";
import type { RepositoryStatus } from "./status.ts";

/** Page → experiment worker, once: clone this repository into memory under this policy. The port is the only transferable. */
export interface ExperimentOrder {
  readonly protocol: number;
  /** URL of the scope, ending in `/`. */
  readonly base: string;
  readonly repository: RepositoryConfig;
  readonly policy: YieldPolicy;
  readonly sliceMs: number;
  /** The file of the repository that every question asks for. */
  readonly path: string;
  /** Where questions come in and answers go out. */
  readonly port: MessagePortLike;
}

/** Page → experiment worker, over the port. */
export interface ExperimentQuestion {
  readonly id: number;
}

/** Experiment worker → page, over the port. */
export interface ExperimentAnswer {
  readonly id: number;
  /** Whether the file was there; false is "not yet". */
  readonly found: boolean;
}

/** Experiment worker → page. */
export type ExperimentReport =
  /** The clone starts now; everything before was preparation. */
  | { readonly type: "begun"; readonly protocol: number }
  | { readonly type: "progress"; readonly protocol: number; readonly repository: RepositoryStatus }
  | {
      readonly type: "ended";
      readonly protocol: number;
      readonly durationMs: number;
      /** Longest time the worker's heartbeat had to wait. */
      readonly longestGapMs: number;
      /** How often the clone gave way. */
      readonly pauses: number;
      /** Objects of the pack, and its bytes. */
      readonly objects: number;
      readonly bytes: number;
    }
  | { readonly type: "failed"; readonly protocol: number; readonly error: ErrorRecord };
