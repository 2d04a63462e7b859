import type { RepositoryConfig } from "./config.ts";
import type { MessagePortLike } from "./messages.ts";

/** Page → sync worker, by `worker.postMessage`; everything else goes over the ports by Comlink. */
export type PageToWorker =
  /** The first message: what to sync, and a port at which the worker exposes `Engine`. */
  | {
      readonly type: "start";
      readonly protocol: number;
      /** URL of the scope, ending in `/`. */
      readonly base: string;
      readonly repositories: readonly RepositoryConfig[];
      readonly port: MessagePortLike;
    }
  /** Another port at which to expose `Engine`: its other end is the service worker's. */
  | { readonly type: "port"; readonly protocol: number; readonly port: MessagePortLike };

/** Sync worker → page. */
export type WorkerToPage =
  /** It runs, and answers those who watch the leader; the store is yet to be opened. */
  | { readonly type: "alive"; readonly protocol: number }
  | { readonly type: "failed"; readonly protocol: number; readonly error: unknown };
