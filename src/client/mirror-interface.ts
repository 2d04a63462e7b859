import type { ArchiveProblemsAnswer } from "../protocol/archive-problems.ts";
import type { StoredArchiveEntry } from "../protocol/archives.ts";
import type { KeepingStatus, VerifyReport } from "../protocol/keeping.ts";
import type { UpdateOrder } from "../protocol/messages.ts";
import type { Status } from "../protocol/status.ts";
import type { UpdatesAnswer } from "../protocol/updates.ts";
import type { BlockedAddress } from "./blocked-addresses.ts";

/**
 * Which source archives the mirror keeps, whether or not anybody asks for them. Every order resolves when it is stored, and is carried
 * out by the tab that leads. Throws `deadline` when none leads for twenty seconds, `aborted` when the mirror is closed meanwhile,
 * `unknown-repository`, `store-*`.
 */
export interface MirrorArchives {
  /** Last known, or null before the first. */
  readonly status: KeepingStatus | null;
  subscribe(listener: (status: KeepingStatus) => void): () => void;
  /** What is stored, kept or not. */
  list(): Promise<readonly StoredArchiveEntry[]>;
  /** `*` for everything, names of packages, `name.version`, or checksums as opam writes them. */
  keep(what: readonly string[], repository?: string): Promise<void>;
  /** Takes back what `keep` was told, in the same words. The archives stay until their room is needed. */
  release(what: readonly string[], repository?: string): Promise<void>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Tries what failed once more. */
  retry(): Promise<void>;
  /** Bytes that stored archives may take; null for no limit. */
  limit(bytes: number | null): Promise<void>;
  /**
   * Hashes all stored archives again, in a pass that begins after the call, and resolves with what it found. Bad ones are stored no longer.
   * When the tab that leads goes away meanwhile, the one that follows it begins anew.
   */
  verify(): Promise<VerifyReport>;
  /** By sha256. One that is kept is fetched again. */
  remove(checksum: string): Promise<void>;
}

/** What a page holds of the mirror; `openMirror` makes one. */
export interface Mirror {
  /** Last known status, or null before the first. */
  readonly status: Status | null;
  /** Calls the listener at every change of the status; the returned function ends it. */
  subscribe(listener: (status: Status) => void): () => void;
  /** Resolves when every repository has a snapshot that serves. */
  ready(): Promise<void>;
  /**
   * Has a sync of one repository, or of all, started by whichever tab leads; resolves when it has been, not when the sync has ended. Throws
   * `unknown-repository`, `deadline` when no tab leads for twenty seconds, `aborted` when the mirror is closed meanwhile, and why the sync
   * worker of this tab died.
   */
  update(repository?: string, order?: UpdateOrder): Promise<void>;
  /** What the latest updates of a repository changed, newest first, and the commit that they lead to. */
  updates(repository: string): Promise<UpdatesAnswer>;
  /** The source archives that are kept. */
  readonly archives: MirrorArchives;
  /** What opam files of a repository say of archives that cannot be mirrored, or are trusted less. */
  problems(repository: string): Promise<ArchiveProblemsAnswer>;
  /**
   * As the page's own `fetch`, and what opam files name comes from the mirror whatever the browser thinks of its address: a secure page may
   * not ask `http://` addresses, and a content security policy may forbid others. What no opam file names is fetched as ever.
   */
  fetch(url: string | URL, init?: RequestInit): Promise<Response>;
  /** Public addresses of the repositories that this page's content security policy blocks, with what to add to it. */
  readonly blocked: readonly BlockedAddress[];
  /** Calls the listener for each of `blocked`, now and later; the returned function ends it. */
  onBlocked(listener: (blocked: BlockedAddress) => void): () => void;
  /** Base URL of the scope, ends in "/" */
  readonly base: string;
  /** False when no service worker answers this page. */
  readonly requestsControlled: boolean;
  /** Whether this tab is the one that syncs for all tabs of the scope. */
  readonly leading: boolean;
  /** A new version waits; call takeOver() to activate it. */
  onUpdateWaiting(listener: () => void): () => void;
  takeOver(): Promise<void>;
  close(): Promise<void>;
}
