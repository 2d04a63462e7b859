import { asMirrorError } from "../core/errors.ts";
import { defaultLimits } from "../core/git/limits.ts";
import { systemClock } from "../platform/clock.ts";
import type { MirrorConfig, RepositoryConfig } from "../protocol/config.ts";
import type { RepositoryStatus, Status } from "../protocol/status.ts";
import { ArchiveCatalog } from "../serve/archive-catalog.ts";
import { createHandler } from "../serve/handler.ts";
import { UploadPack } from "../serve/upload-pack.ts";
import { buildTarball } from "../store/index-tarball.ts";
import { servedRepoFile } from "../store/served-repo-file.ts";
import { SnapshotReader } from "../store/snapshot-reader.ts";
import type { Store } from "../store/store.ts";
import { SyncEngine } from "../sync/engine.ts";
import type { Archives } from "./archives.ts";
import { eventLoopTurn, gatewaySlice } from "./event-loop.ts";
import { gitFetch, inProcessBase } from "./git-fetch.ts";
import type { GitShape } from "./git-routes.ts";
import { SharedGit } from "./git-shared.ts";
import type { GitSource } from "./git-source.ts";
import { StoreGit } from "./git-store.ts";
import { type GatewayKeeping, gatewayKeeper, saveKeeping } from "./keeping.ts";
import { MirrorArchives } from "./mirror-archives.ts";
import { MirrorUpstream } from "./mirror-upstream.ts";
import type { Log } from "./options.ts";
import { syncRegularly } from "./schedule.ts";
import { SyncLog } from "./sync-log.ts";

export interface MirrorParts {
  /** Starts and ends with a slash. */
  readonly base: string;
  readonly config: MirrorConfig;
  readonly store: Store;
  readonly git: ReadonlyMap<string, GitSource>;
  readonly gitShape: GitShape;
  readonly archives: Archives;
  readonly upstreams: ReadonlyMap<string, URL>;
  readonly everyMs: number;
  /** Null keeps no archives. */
  readonly keeping: GatewayKeeping | null;
  readonly log: Log;
}

/** The same engine and the same handler as in a browser, for native clients. */
export interface GatewayMirror {
  readonly store: Store;
  readonly engine: SyncEngine;
  answer(request: Request): Promise<Response>;
  /** Names of the repositories, in the order of the command line. */
  readonly names: readonly string[];
  /** What is mirrored, as Git repositories: `<repository>.git`. */
  readonly git: ReadonlyMap<string, GitSource>;
  status(): Promise<Status>;
  /** Begins to sync: at once and then regularly. */
  start(): void;
  /** Ends running syncs, which leaves what was published before, and closes the store. */
  close(): Promise<void>;
}

export async function gatewayMirror(parts: MirrorParts): Promise<GatewayMirror> {
  const { config, log, everyMs } = parts;
  const names = config.repositories.map(({ name }) => name);
  const store = onlyFollowed(parts.store, new Set(names));
  const sources = new Map(
    [...parts.git].map(([name, source]) => [name, source instanceof SharedGit ? source.relayed : source]),
  );
  const syncs = new SyncLog(log);
  const snapshots = new SnapshotReader(store);
  const openSnapshot = (repository: string) => snapshots.current(repository);
  const address = (repository: string) => parts.upstreams.get(repository)?.href ?? null;
  const catalog = new ArchiveCatalog({ store, openSnapshot, slice: gatewaySlice, address });
  parts.archives.follow(catalog);
  const keeper = parts.keeping === null ? null : gatewayKeeper(parts.keeping, store, parts.archives, openSnapshot, log);
  const commits = new Map<string, string | null>();
  const keepUp = ({ name, state, commit }: RepositoryStatus) => {
    // After a sync, not when it publishes: only then is it known where archives come from.
    if (keeper === null || state === "syncing" || commits.get(name) === commit) return;
    commits.set(name, commit);
    void keeper.refresh().catch((thrown: unknown) => log(asMirrorError(thrown).message));
  };
  const engine = new SyncEngine(
    {
      store,
      fetch: gitFetch(sources, parts.gitShape),
      clock: systemClock,
      macrotask: eventLoopTurn,
      slice: gatewaySlice,
      limits: defaultLimits,
      base: inProcessBase,
      gitDirectory: (repository) => repository,
    },
    {
      progress: (status, availability) => {
        syncs.progress(status, availability);
        keepUp(status);
      },
      published: (repository) => {
        syncs.published(repository);
        // Opened before the first request asks for it.
        void snapshots.current(repository).catch(() => null);
      },
    },
  );
  const handler = createHandler({
    base: new URL(parts.base, inProcessBase).href,
    store: withShelf(store, parts.archives),
    openSnapshot,
    clock: systemClock,
    slice: gatewaySlice,
    version: config.version,
    host: "gateway",
    live: { answer: (repository, path, waitMs) => engine.live(repository, path, waitMs) },
    upstream: new MirrorUpstream(parts.upstreams),
    archives: new MirrorArchives(parts.archives, catalog),
    startUpdate: async (repository) => {
      await engine.update(repository);
    },
    engineStatus: () => engine.status(),
    keeping: () => keeper?.status() ?? null,
    onAnswered: (ms) => void engine.answered([ms]),
  });
  const uploadPack = new UploadPack({
    store,
    openSnapshot,
    clock: systemClock,
    slice: gatewaySlice,
    agent: `opam-web-mirror/${config.version}`,
  });
  for (const [name, source] of parts.git) if (source instanceof SharedGit) source.answerFrom(name, uploadPack, log);
  const git = new Map(names.map((name) => [`${name}.git`, new StoreGit(name, uploadPack, log)]));
  const before = await store.repositories();
  await engine.follow(config.repositories);
  if (parts.keeping !== null) await saveKeeping(parts.keeping, names, store);
  for (const repository of config.repositories)
    await keepTarballEqual(store, snapshots, repository, before.find(({ name }) => name === repository.name)?.config);
  await handler.refresh();
  let stop = () => {};
  return {
    names,
    store,
    engine,
    answer: handler,
    git,
    status: async () => {
      const url = new URL(`opam/${names[0] ?? "default"}/status`, new URL(parts.base, inProcessBase));
      return (await (await handler(new Request(url))).json()) as Status;
    },
    start: () => {
      stop = syncRegularly(engine, names, everyMs);
    },
    close: async () => {
      stop();
      await keeper?.close();
      await engine.close();
      await parts.store.close();
    },
  };
}

/** A folder may hold repositories of earlier command lines: they are kept, and neither served nor shown. */
function onlyFollowed(store: Store, names: ReadonlySet<string>): Store {
  return {
    ...store,
    repositories: async () => (await store.repositories()).filter(({ name }) => names.has(name)),
    repository: async (name) => (names.has(name) ? store.repository(name) : undefined),
  };
}

/** The gateway's archives lie in a folder of their own: what is said of them is read there. */
function withShelf(store: Store, archives: Archives): Store {
  return {
    ...store,
    archiveRecords: () => archives.records(),
    archiveTotals: async () => {
      const records = await archives.records();
      return { stored: records.length, storedBytes: records.reduce((sum, { size }) => sum + size, 0) };
    },
  };
}

/** `index.tar.gz` holds the `repo` file: where the command line has changed what that says, it is built again. */
async function keepTarballEqual(
  store: Store,
  snapshots: SnapshotReader,
  config: RepositoryConfig,
  before: RepositoryConfig | undefined,
): Promise<void> {
  const said = ({ remote, archiveMirrors = [] }: RepositoryConfig) => JSON.stringify([remote, archiveMirrors]);
  if (before === undefined || said(before) === said(config)) return;
  const snapshot = await snapshots.current(config.name).catch(() => null);
  if (snapshot === null) return;
  const { bytes } = await servedRepoFile(snapshot, config);
  await store.saveTarball(await buildTarball(snapshot, bytes, gatewaySlice()));
}
