import type { RepositoryConfig } from "../protocol/config.ts";

export interface MirrorOptions {
  /** URL of the scope, ending in `/`; by default the folder of the document. The service worker must lie there. */
  readonly base?: string;
  /** URL of the service worker; by default `sw.js` in the scope. */
  readonly serviceWorker?: string;
  /** What to mirror; by default what the gateway says (`<base>gateway/config.json`), else what was mirrored before. */
  readonly repositories?: readonly RepositoryConfig[];
  /**
   * Whether syncs begin by themselves: at each start, every `updateIntervalMs`, when the network comes back, and when a tab becomes
   * visible. Default true.
   */
  readonly autoUpdate?: boolean;
  /** Milliseconds between the beginnings of two syncs that nobody asked for. Default an hour. */
  readonly updateIntervalMs?: number;
}
