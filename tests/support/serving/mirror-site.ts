import { createHash, randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { copyRepository } from "../../fixtures/fixture-cache.ts";
import { git } from "../../fixtures/git-command.ts";
import type { OpamRepository } from "../../fixtures/opam-repository.ts";
import { selfSignedCertificate } from "../certificate.ts";
import { type TestGateway, temporaryFolder, testGateway } from "../gateway.ts";
import { GitTraffic } from "./git-traffic.ts";

export interface MirrorSiteOptions {
  readonly repository: OpamRepository;
  /** Commit that the branch names at first; the newest by default. */
  readonly commit?: string;
  readonly base?: string;
  readonly https?: boolean;
  /** Whether the gateway keeps a mirror of its own beside those of its browsers. */
  readonly mirror?: boolean;
  readonly throttleBytesPerSecond?: number;
  /** The built app that is served; `dist/app` by default. */
  readonly appDirectory?: string;
  /** Milliseconds before the first byte of each Git answer. */
  readonly gitDelayMs?: number;
}

/** A gateway with the built app, a private copy of a repository behind it, and an archive in its upstream cache. */
export interface MirrorSite extends AsyncDisposable {
  readonly gateway: TestGateway;
  /** The dashboard's address, ending in `/`. */
  readonly url: string;
  /** The private copy. */
  readonly gitDir: string;
  /** A second public address of the repository, which no name server knows. */
  readonly origin: string;
  readonly traffic: GitTraffic;
  readonly archive: { readonly bytes: Buffer; readonly md5: string; readonly sha256: string; readonly sha512: string };
  /** Moves the branch, as a push would. */
  push(commit: string): Promise<void>;
  /** Ends the server; the rest is removed at the end of the scope. */
  stopServer(): Promise<void>;
}

export async function mirrorSite(options: MirrorSiteOptions): Promise<MirrorSite> {
  const { repository } = options;
  const folder = await temporaryFolder();
  const gitDir = await copyRepository(repository.gitDir, folder.at("repository.git"));
  const push = async (commit: string) => {
    await git(["update-ref", `refs/heads/${repository.branch}`, commit], { gitDir });
  };
  if (options.commit !== undefined) await push(options.commit);
  const bytes = randomBytes(4000);
  const hash = (algorithm: string) => createHash(algorithm).update(bytes).digest("hex");
  const archive = { bytes, md5: hash("md5"), sha256: hash("sha256"), sha512: hash("sha512") };
  const path = folder.at(`cache/sha256/${archive.sha256.slice(0, 2)}/${archive.sha256}`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  const tls = { certFile: folder.at("cert.pem"), keyFile: folder.at("key.pem") };
  if (options.https) {
    const { cert, key } = selfSignedCertificate();
    await writeFile(tls.certFile, cert);
    await writeFile(tls.keyFile, key);
  }
  const origin = "https://mirror.invalid/opam/";
  const traffic = new GitTraffic(options.gitDelayMs ?? 0);
  const gateway = await testGateway({
    repository: gitDir,
    onGitResponse: traffic.watch,
    upstreamCaches: [folder.at("cache")],
    origins: [
      { name: null, url: "https://opam.ocaml.org/" },
      { name: null, url: origin },
    ],
    mirror: options.mirror ?? false,
    ...(options.appDirectory === undefined ? {} : { appDirectory: options.appDirectory }),
    ...(options.base === undefined ? {} : { base: options.base }),
    ...(options.https ? { tls } : {}),
    ...(options.throttleBytesPerSecond === undefined ? {} : { throttleBytesPerSecond: options.throttleBytesPerSecond }),
  });
  let running = true;
  const stopServer = async () => {
    if (running) await gateway.close();
    running = false;
  };
  return {
    gateway,
    url: gateway.page,
    gitDir,
    origin,
    traffic,
    archive,
    push,
    stopServer,
    [Symbol.asyncDispose]: async () => {
      await stopServer();
      await folder[Symbol.asyncDispose]();
    },
  };
}
