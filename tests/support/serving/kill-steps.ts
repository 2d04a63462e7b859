/** Where a sync is held: in the middle of the step's transaction, just after the step was asked for, or when it has succeeded. */
export type Moment = "within" | "issued" | "after";

export interface Stop {
  /** One of the names below. */
  readonly step: string;
  readonly moment: Moment;
}

/** Every step by which a first sync changes the store, in order. */
export const firstSyncSteps: readonly string[] = [
  "start: configure",
  "sync: take epoch",
  "sync: commit pack",
  "sync: publish",
  "sync: save archive index",
  "sync: save Git files",
  "sync: save index.tar.gz",
  "sync: save last sync",
  "sync: collect",
];

/** The same of an update after which compaction is due, to the end of what readers may hold. */
export const updateSteps: readonly string[] = [
  ...firstSyncSteps,
  "compaction: commit pack",
  "compaction: save index.tar.gz",
  "compaction: publish",
  "letting go: collect",
  "letting go: collect again",
];

/** What a worker tells of what the database holds: the keys of each object store, sorted. */
export interface StoredNames {
  readonly pointer: string | null;
  readonly commit: string | null;
  /** Code of the last sync's error. */
  readonly lastError: string | null;
  readonly snapshots: readonly string[];
  readonly packs: readonly string[];
  readonly tarballs: readonly string[];
  readonly archiveIndexes: readonly string[];
  /** What the served snapshot names. */
  readonly named: { readonly packs: readonly string[]; readonly tree: string } | null;
}

export interface SyncReport {
  /** `code: message` of the last sync's error. */
  readonly error: string | null;
  /** The steps that were taken, in order. */
  readonly steps: readonly string[];
}

/** What the worker of tests can be asked. */
export interface KillWorker {
  /** Opens the store and reads the served snapshot and one of its files. Resolves with its commit, or null. */
  open(base: string): Promise<string | null>;
  /** One sync with all that follows it. Never settles when it is stopped: then the worker posts `reached`. */
  sync(stop: Stop | null): Promise<SyncReport>;
  /** Stores a pack that no snapshot names. */
  addOrphan(): Promise<void>;
  names(): Promise<StoredNames>;
  /** Deletes every record. */
  empty(): Promise<void>;
}

export type KillCall = {
  readonly [M in keyof KillWorker]: {
    readonly id: number;
    readonly method: M;
    readonly args: Parameters<KillWorker[M]>;
  };
}[keyof KillWorker];

export type KillReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly reached: string };
