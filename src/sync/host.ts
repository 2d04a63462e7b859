import type { Clock } from "../core/cooperation/clock.ts";
import type { Macrotask, Slice } from "../core/cooperation/slice.ts";
import type { Limits } from "../core/git/limits.ts";
import type { Store } from "../store/store.ts";

/** The part of the platform's `fetch` that the engine uses. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Everything the engine gets from the place it runs in: a dedicated worker, a service worker, Node, or a test. */
export interface SyncHost {
  readonly store: Store;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly macrotask: Macrotask;
  /** A new time budget, with the slice length of this host. */
  readonly slice: () => Slice;
  readonly limits: Limits;
  /** Base URL that relative Git URLs are resolved against; ends in `/`. */
  readonly base: string;
  /** Prefix of the names of Git directories, unique to the scope. */
  readonly gitDirectory: (repository: string) => string;
  readonly deadlines?: GitDeadlines;
  /** Asked after a 401; null gives up. */
  readonly credentials?: (remote: string) => Promise<Credentials | null>;
}

/** Milliseconds. */
export interface GitDeadlines {
  /** Silence during a transfer. */
  readonly idle: number;
  /** A whole transfer. */
  readonly total: number;
  /** Discovery moves a few hundred bytes, and a person waits for its outcome. */
  readonly discovery: number;
  /** Waits before the second and further tries of a sync whose connection failed, before jitter. */
  readonly retries: readonly number[];
}

export const defaultGitDeadlines: GitDeadlines = {
  idle: 30_000,
  total: 600_000,
  discovery: 15_000,
  retries: [400, 1200],
};
