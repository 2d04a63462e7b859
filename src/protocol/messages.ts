import type { ErrorRecord } from "../core/errors.ts";
import type { RepositoryConfig } from "./config.ts";
import type { KeepingOrder, KeepingStatus, VerifyReport } from "./keeping.ts";
import type { AvailabilityStatus, RepositoryStatus } from "./status.ts";

/** Version of every message below. A peer of another version is told to reload, never guessed at. */
export const protocolVersion = 1;

/** Page → service worker, by `postMessage`. */
export type PageToServiceWorker =
  | { readonly type: "claim"; readonly protocol: number }
  | { readonly type: "take-over"; readonly protocol: number }
  /** What to mirror; null leaves it as it is stored. The answer, `Configured`, comes to the port that is transferred along. */
  | {
      readonly type: "configure";
      readonly protocol: number;
      readonly repositories: readonly RepositoryConfig[] | null;
    }
  /** Hands over one end of a MessageChannel; an `Engine` is exposed by Comlink at its other end. The port is the only transferable. */
  | { readonly type: "engine-port"; readonly protocol: number; readonly port: MessagePortLike };

/** Answer to `configure`, on its port. */
export type Configured =
  | { readonly type: "configured"; readonly protocol: number; readonly repositories: readonly RepositoryConfig[] }
  | { readonly type: "failed"; readonly protocol: number; readonly error: ErrorRecord };

/** Service worker → pages, by `client.postMessage`. */
export type ServiceWorkerToPage =
  /** The service worker has no living engine port (it was restarted): the leader brokers a new one. */
  { readonly type: "engine-wanted"; readonly protocol: number };

/** Engine → all tabs, on the progress BroadcastChannel of the scope. */
export type Broadcast =
  | {
      readonly type: "progress";
      readonly protocol: number;
      readonly repository: RepositoryStatus;
      readonly availability: AvailabilityStatus;
    }
  | { readonly type: "published"; readonly protocol: number; readonly repository: string; readonly snapshot: string }
  | {
      readonly type: "update-wanted";
      readonly protocol: number;
      readonly repository: string;
      readonly order?: UpdateOrder;
      /** Names the order: it may be said more than once. */
      readonly id: string;
    }
  /** The sync has been started, or stands for the order, or is followed by one that does; or why not. */
  | {
      readonly type: "update-answer";
      readonly protocol: number;
      readonly id: string;
      readonly error: ErrorRecord | null;
    }
  /** What is kept of archives, and how far that has come: at most every 200 ms while something changes. */
  | { readonly type: "keeping"; readonly protocol: number; readonly keeping: KeepingStatus }
  /** Repeated until it is answered: whoever leads may only just be starting. */
  | { readonly type: "keeping-order"; readonly protocol: number; readonly id: string; readonly order: KeepingOrder }
  /** The order is stored, and is being carried out; or why not. To `verify`, a second answer comes when the pass has ended. */
  | {
      readonly type: "keeping-answer";
      readonly protocol: number;
      readonly id: string;
      readonly error: ErrorRecord | null;
      /** What `verify` found, null as long as it runs. */
      readonly report?: VerifyReport | null;
    }
  /** Somebody has just come: whoever leads says how every repository stands. */
  | { readonly type: "progress-wanted"; readonly protocol: number };

/** On the leader's BroadcastChannel: whether the engine that holds the lock still works. */
export type LeaderMessage =
  | { readonly type: "beat-wanted"; readonly protocol: number }
  | { readonly type: "beat"; readonly protocol: number };

/** How a sync is to be done; nothing given is as usual. */
export interface UpdateOrder {
  /** Take what the remote has also when it is older than what is served (`remote-older`). */
  readonly acceptOlder?: boolean;
}

/** Structural: `protocol` has no DOM types. */
export interface MessagePortLike {
  postMessage(message: unknown): void;
  start?(): void;
  close(): void;
}

/** What the sync worker exposes by Comlink to the service worker. */
export interface Engine {
  /** Live state of all repositories that this engine syncs. */
  status(): Promise<EngineStatus>;
  /**
   * Starts a sync unless one is running; resolves at once with what was decided. One that is running takes the order over, and is followed by
   * another if it has asked the remote already.
   */
  update(repository: string, order?: UpdateOrder): Promise<"started" | "running" | "unknown">;
  /** Resolves when the running sync (if any) of the repository has ended, and those that were to follow it. */
  settled(repository: string): Promise<RepositoryStatus | null>;
  /** A file of the clone in progress. Answers `pending` after `waitMs` when its blob has not arrived and been verified. */
  live(repository: string, path: string, waitMs: number): Promise<LiveAnswer>;
  /** Tells the engine how long requests took, in milliseconds: they are what its availability is judged by. */
  answered(latencies: readonly number[]): Promise<void>;
}

export interface EngineStatus {
  readonly repositories: readonly RepositoryStatus[];
  readonly availability: AvailabilityStatus;
}

export type LiveAnswer =
  | {
      readonly type: "file";
      readonly oid: string;
      readonly bytes: Uint8Array;
      readonly committedAt: number;
      readonly commit: string;
    }
  /** The clone in progress has verified that the path is not in the tree. Not a 404 before a snapshot exists. */
  | { readonly type: "absent" }
  | { readonly type: "pending"; readonly secondsLeft: number }
  /** No sync is running for that repository. */
  | { readonly type: "idle" };
