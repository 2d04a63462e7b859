import { readFile } from "node:fs/promises";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline, type Readable } from "node:stream";
import { asMirrorError } from "../core/errors.ts";
import { buildDemoRepository, demoArchiveOrigin } from "../demo/build.ts";
import type { MirrorConfig } from "../protocol/config.ts";
import { openFileStore } from "../store/files.ts";
import { FolderInUse } from "../store/files-lock.ts";
import { createMemoryStore } from "../store/memory.ts";
import { MemoryContents } from "../store/memory-contents.ts";
import type { Store } from "../store/store.ts";
import { addressRule } from "./address.ts";
import { DownloadedArchives, defaultParallel } from "./archive-download.ts";
import { FolderCache } from "./archive-folder.ts";
import { Archives } from "./archives.ts";
import { basePath } from "./base-path.ts";
import { gatewaySlice } from "./event-loop.ts";
import { type Followed, followedRepositories } from "./followed.ts";
import { LocalGit } from "./git-local.ts";
import { RemoteGit } from "./git-remote.ts";
import { SharedGit } from "./git-shared.ts";
import type { GitSource } from "./git-source.ts";
import { assertKeepable } from "./keep-option.ts";
import { gatewayServer, type Tls } from "./listener.ts";
import { type GatewayMirror, gatewayMirror } from "./mirror.ts";
import { OperatorError } from "./operator-error.ts";
import type { GatewayOptions, GitExchange, Log, RepositoryOption } from "./options.ts";
import { packageRoot, packageVersion } from "./package-root.ts";
import { unreachable } from "./reachable.ts";
import { isRemote } from "./repository-option.ts";
import { gatewayRoutes } from "./routes.ts";
import { hourMs } from "./schedule.ts";
import { throttle } from "./throttle.ts";
import { upstreamCaches } from "./upstream-caches.ts";
import { workFolder } from "./work-folder.ts";

export interface Gateway {
  /** Scheme, host and port, without a final slash. */
  readonly url: string;
  /** Path of everything it serves; starts and ends with a slash. */
  readonly base: string;
  readonly config: MirrorConfig;
  /** Stops accepting, lets running answers end for two seconds, then breaks them. */
  close(): Promise<void>;
}

const opamRepository: RepositoryOption = {
  name: null,
  url: "https://github.com/ocaml/opam-repository.git",
  branch: "master",
};
const probeMs = 3_000;
const graceMs = 2_000;

/** Starts the gateway. Throws an OperatorError when an option or the machine does not allow it. */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const log = options.log ?? (() => {});
  const base = basePath(options.base ?? "/");
  const tls = options.tls === undefined ? null : await readTls(options.tls);
  const { folders, urls } = await upstreamCaches(options.upstreamCaches ?? [], log);
  const work = await workFolder(options.data);
  let mirror: GatewayMirror | undefined;
  try {
    const followed = await follow(options, work.scratch, folders, log);
    const git = new Map<string, GitSource>(
      followed.map(({ name, remote, gitDirectory }) => [
        name,
        gitDirectory === null ? new SharedGit(new RemoteGit(remote, log)) : new LocalGit(gitDirectory, log),
      ]),
    );
    const gitShape = bodyShape(options);
    const config = configOf(followed, options);
    const keep = options.keep ?? [];
    assertKeepable(
      keep,
      followed.map(({ name }) => name),
      options,
    );
    const parallel = options.parallelDownloads ?? defaultParallel;
    const downloads = new DownloadedArchives(join(work.kept, "archives"), options.skipDownload === true ? [] : urls, {
      parallel,
      rule: options.skipDownload === true ? null : addressRule(options.sourceNetworks ?? []),
      keeps: keep.length > 0,
    });
    const archives = new Archives(folders, downloads, log, options.strictChecksums === true);
    const limitBytes = options.archiveLimitBytes ?? null;
    const keeping =
      keep.length === 0 && limitBytes === null ? null : { keep, limitBytes, parallel, shelf: downloads.shelf };
    const upstreams = new Map(
      followed.flatMap(({ name, upstream }) => (upstream === null ? [] : [[name, new URL(upstream)] as const])),
    );
    if (options.mirror !== false) {
      const store = await openStore(options, work.kept);
      const everyMs = options.updateMs ?? hourMs;
      mirror = await gatewayMirror({ base, config, store, git, gitShape, archives, upstreams, everyMs, keeping, log });
    }
    const app = gatewayRoutes({
      base,
      config,
      git,
      gitShape,
      archives,
      ...(options.archiveAnswerMs === undefined ? {} : { archiveAnswerMs: options.archiveAnswerMs }),
      upstreams,
      ...(mirror === undefined ? {} : { mirror }),
      hook: options.hook ?? { path: null, token: null },
      appDirectory: options.appDirectory ?? join(packageRoot(), "dist", "app"),
      connect: [
        ...new Set(
          followed.flatMap(({ origins, notice }) => [
            ...origins.map((url) => new URL(url).origin),
            ...(notice === null ? [] : [demoArchiveOrigin]),
          ]),
        ),
      ],
      log,
    });
    const host = options.host ?? "127.0.0.1";
    const { serverNames = [] } = options;
    const server = serverOf(app, tls, log, serverNames.length === 0 ? [] : [...serverNames, host.toLowerCase()]);
    const address = await listen(server, options.port ?? 8080, host);
    mirror?.start();
    return {
      url: `${tls === null ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
      base,
      config,
      close: async () => {
        await closeServer(server);
        await mirror?.close();
        for (const source of git.values()) source.close();
        await work.remove();
      },
    };
  } catch (error) {
    await mirror?.close();
    await work.remove();
    throw error;
  }
}

/** Throws an OperatorError when the folder cannot be used, by whom else it is used for example. */
async function openStore(options: GatewayOptions, folder: string): Promise<Store> {
  if (options.memory === true) return createMemoryStore(new MemoryContents(), gatewaySlice());
  try {
    return await openFileStore(join(folder, "store"), gatewaySlice(), options.ignoreLocal);
  } catch (thrown) {
    const reason =
      thrown instanceof FolderInUse
        ? `another opam-web-mirror (${thrown.holder}) uses it. Stop that one, or choose another folder`
        : `${asMirrorError(thrown).message} Or choose another folder`;
    throw new OperatorError("start", `--data ${options.data ?? folder}: ${reason}.`, thrown);
  }
}

/** The repositories of the options; without any, opam-repository, or the demo repository when that is out of reach. */
async function follow(options: GatewayOptions, scratch: string, folders: FolderCache[], log: Log): Promise<Followed[]> {
  const given = options.repositories ?? [];
  const origins = options.origins ?? [];
  if (given.length > 0) return followedRepositories(given, origins);
  const wanted = options.defaultRemote ?? opamRepository;
  const failure = isRemote(wanted.url) ? await unreachable(wanted.url, probeMs) : null;
  if (failure === null) return followedRepositories([wanted], origins);
  const demo = await buildDemoRepository(join(scratch, "demo"));
  folders.push(new FolderCache(demo.cacheDirectory, log));
  const notice = `${wanted.url} could not be reached, so this is the demo repository that comes with opam-web-mirror. Restart the server when the network is back, or name a repository with --repository.`;
  log(`${failure.message}`);
  log(notice);
  const [followed] = await followedRepositories(
    [{ name: null, url: demo.gitDirectory, branch: demo.branch }],
    origins,
    notice,
  );
  return followed === undefined ? [] : [{ ...followed, remote: demo.remote }];
}

function configOf(
  followed: readonly Followed[],
  { mirror, archiveMirrors = [], strictChecksums = false }: GatewayOptions,
): MirrorConfig {
  return {
    version: packageVersion(),
    archives: true,
    ...(mirror === false ? {} : { native: true }),
    repositories: followed.map(({ name, remote, branch, origins, upstream, notice }) => ({
      name,
      remote,
      gitUrl: `git/${name}`,
      branch,
      origins,
      upstream: upstream !== null,
      ...(archiveMirrors.length === 0 ? {} : { archiveMirrors }),
      ...(strictChecksums ? { strictChecksums } : {}),
      ...(notice === null ? {} : { notice }),
    })),
  };
}

/** How the options change the body of a Git answer. Without them the body itself, so that nothing is paid. */
function bodyShape(options: GatewayOptions): (exchange: GitExchange, body: Readable) => Readable {
  return (exchange, body) => {
    let shaped = body;
    const transform = options.onGitResponse?.(exchange);
    // The callback is a no-op: an error travels along the pipeline to the last stream, whose reader handles it.
    if (transform !== undefined) shaped = pipeline(shaped, transform, () => {});
    if (options.throttleBytesPerSecond !== undefined)
      shaped = pipeline(shaped, throttle(options.throttleBytesPerSecond), () => {});
    return shaped;
  };
}

async function readTls(files: { readonly certFile: string; readonly keyFile: string }): Promise<Tls> {
  const read = (flag: string, path: string) =>
    readFile(path).catch((error: Error) => {
      throw new OperatorError(
        "usage",
        `${flag} ${path}: the file cannot be read (${error.message}). Give a PEM file.`,
        error,
      );
    });
  return { cert: await read("--tls-cert", files.certFile), key: await read("--tls-key", files.keyFile) };
}

function serverOf(...parts: Parameters<typeof gatewayServer>): Server {
  try {
    return gatewayServer(...parts);
  } catch (error) {
    throw new OperatorError(
      "usage",
      `--tls-cert and --tls-key cannot be used (${(error as Error).message}). Give a PEM certificate and its private key.`,
      error,
    );
  }
}

function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolved, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === "EADDRINUSE"
          ? `port ${port} of ${host} is already in use. Stop the other server, or choose a port with --port (0 picks a free one).`
          : error.code === "EACCES"
            ? `port ${port} of ${host} needs more privileges. Choose a port above 1023 with --port.`
            : error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND"
              ? `${host} is not an address of this machine. Choose another one with --host.`
              : `${host}:${port} cannot be listened on (${error.message}). Check --host and --port.`;
      reject(new OperatorError("start", `Cannot start: ${reason}`, error));
    });
    server.listen(port, host, () => resolved(server.address() as AddressInfo));
  });
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolved) => server.close(() => resolved()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
