import type { UpdateOrder } from "../protocol/messages.ts";
import type { Status } from "../protocol/status.ts";
import type { UpdatesAnswer } from "../protocol/updates.ts";

/** What a page holds of the mirror; `openMirror` makes one. */
export interface Mirror {
  /** Last known status, or null before the first. */
  readonly status: Status | null;
  /** Calls the listener at every change of the status; the returned function ends it. */
  subscribe(listener: (status: Status) => void): () => void;
  /** Resolves when every repository has a snapshot that serves. */
  ready(): Promise<void>;
  /** Starts a sync of one repository, or of all. */
  update(repository?: string, order?: UpdateOrder): Promise<void>;
  /** What the latest updates of a repository changed, newest first, and the commit that they lead to. */
  updates(repository: string): Promise<UpdatesAnswer>;
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
