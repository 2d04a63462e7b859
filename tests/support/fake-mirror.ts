import type { Mirror, MirrorArchives } from "../../src/client/mirror-interface.ts";
import type { ArchiveProblem } from "../../src/core/opam/archive-problem.ts";
import type { KeepingStatus } from "../../src/protocol/keeping.ts";
import type { RepositoryStatus, Status } from "../../src/protocol/status.ts";
import type { UpdateChanges } from "../../src/protocol/updates.ts";

/** A ready repository with the figures of the real one; what a test is about is overridden. */
export function repositoryStatus(over: Partial<RepositoryStatus>): RepositoryStatus {
  return {
    name: "default",
    remote: "https://github.com/ocaml/opam-repository.git",
    branch: "master",
    state: "ready",
    phase: null,
    commit: "97014be61691efb695da5de8e860cba5d74fa1f5",
    committedAt: "2026-08-27T09:41:12Z",
    packages: 4_596,
    versions: 18_793,
    progress: { bytes: 0, objects: 0, totalObjects: 0 },
    lastSync: { startedAt: "2026-08-27T11:52:03Z", durationMs: 4_380, changedFiles: 128, error: null },
    archives: { known: 11_648, stored: 214, storedBytes: 148_300_000, active: [], failed: [] },
    parseErrors: [],
    ...over,
  };
}

export function statusOf(repositories: readonly RepositoryStatus[], over: Partial<Status> = {}): Status {
  return {
    version: "0.1.0",
    repositories,
    availability: { longestGapMs: 14.2, requests: 2_041, p50Ms: 2.6, p99Ms: 11.8 },
    storage: { usageBytes: 176_400_000, quotaBytes: 61_200_000_000, persisted: true },
    ...over,
  };
}

export interface FakeMirror extends Mirror {
  set(status: Status): void;
  announceUpdate(): void;
  readonly calls: string[];
}

/** A Mirror without a worker: says what it is told, and writes down what it was asked. */
export function fakeMirror(
  initial: Status | null,
  over: {
    readonly base?: string;
    readonly requestsControlled?: boolean;
    readonly updates?: readonly UpdateChanges[];
    readonly problems?: readonly ArchiveProblem[];
    readonly keeping?: KeepingStatus;
  } = {},
): FakeMirror {
  const listeners = new Set<(status: Status) => void>();
  const updateListeners = new Set<() => void>();
  const calls: string[] = [];
  let status = initial;
  return {
    base: over.base ?? "http://localhost/",
    leading: true,
    requestsControlled: over.requestsControlled ?? true,
    blocked: [],
    onBlocked: () => () => undefined,
    fetch: (url, init) => fetch(url, init),
    calls,
    get status() {
      return status;
    },
    set: (next) => {
      status = next;
      for (const listener of listeners) listener(next);
    },
    announceUpdate: () => {
      for (const listener of updateListeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onUpdateWaiting: (listener) => {
      updateListeners.add(listener);
      return () => updateListeners.delete(listener);
    },
    updates: async (repository) => {
      const commit = status?.repositories.find(({ name }) => name === repository)?.commit ?? null;
      return { repository, commit, updates: over.updates ?? [] };
    },
    problems: async (repository) => ({
      repository,
      commit: status?.repositories.find(({ name }) => name === repository)?.commit ?? null,
      archives: 11_648,
      problems: over.problems ?? [],
    }),
    archives: fakeArchives(over.keeping ?? null, calls),
    ready: () => Promise.resolve(),
    update: (repository, order) => {
      calls.push(`update ${repository ?? "*"}${order?.acceptOlder ? ", older accepted" : ""}`);
      return Promise.resolve();
    },
    takeOver: () => {
      calls.push("take over");
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

/** Orders are written down, and change nothing but what the newest says of pauses and limits. */
function fakeArchives(initial: KeepingStatus | null, calls: string[]): MirrorArchives {
  const listeners = new Set<(status: KeepingStatus) => void>();
  let status = initial;
  const order = (text: string, change: Partial<KeepingStatus> = {}) => {
    calls.push(text);
    if (status !== null) status = { ...status, ...change };
    for (const listener of listeners) if (status !== null) listener(status);
    return Promise.resolve();
  };
  return {
    get status() {
      return status;
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    list: async () => [],
    keep: (what, repository) => order(`keep ${repository}: ${what.join(" ")}`),
    release: (what, repository) => order(`release ${repository}: ${what.join(" ")}`),
    pause: () => order("pause", { state: "paused", active: [] }),
    resume: () => order("resume", { state: "downloading" }),
    retry: () => order("retry", { failures: [] }),
    limit: (bytes) => order(`limit ${bytes}`, { limitBytes: bytes }),
    verify: async () => {
      await order("verify");
      return { running: false, checked: 0, total: 0, bad: [], finishedAt: "2026-08-27T12:00:00Z" };
    },
    remove: (checksum) => order(`remove ${checksum}`),
  };
}
