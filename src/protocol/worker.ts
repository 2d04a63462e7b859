import type { RepositoryConfig } from "./config.ts";
import type { MessagePortLike } from "./messages.ts";

/** Page → sync worker, by `worker.postMessage`; orders come by the progress channel, and the service worker calls over a port by Comlink. */
export type PageToWorker =
  /** The first message: what to sync, and whether at once. */
  | {
      readonly type: "start";
      readonly protocol: number;
      /** URL of the scope, ending in `/`. */
      readonly base: string;
      readonly repositories: readonly RepositoryConfig[];
      readonly update: boolean;
    }
  /** A port at which to expose `Engine`: its other end is the service worker's. */
  | { readonly type: "port"; readonly protocol: number; readonly port: MessagePortLike };

/** Sync worker → page. */
export type WorkerToPage =
  /** It runs, and answers those who watch the leader; the store is yet to be opened. */
  | { readonly type: "alive"; readonly protocol: number }
  | { readonly type: "failed"; readonly protocol: number; readonly error: unknown };
