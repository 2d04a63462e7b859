import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { copyRepository } from "../fixtures/fixture-cache.ts";
import { git } from "../fixtures/git-command.ts";
import { makeOpamRepository, type OpamRepository, type OpamRepositoryOptions } from "../fixtures/opam-repository.ts";
import { type HostileServer, startHostileServer } from "./forge/hostile-server.ts";

/** A generated repository behind a server of its own, whose branch `master` goes where a test wants it. */
export interface MovingRemote extends AsyncDisposable {
  readonly source: OpamRepository;
  /** The copy that is served. */
  readonly gitDir: string;
  /** Room for whatever else a test stores; it goes with the remote. */
  readonly folder: string;
  readonly server: HostileServer;
  readonly url: string;
  /** From now on `master` is that commit. */
  follow(commit: string): Promise<void>;
}

export async function movingRemote(options: OpamRepositoryOptions): Promise<MovingRemote> {
  const source = await makeOpamRepository(options);
  const folder = await mkdtemp(join(tmpdir(), "opam-web-mirror-remote-"));
  const gitDir = await copyRepository(source.gitDir, join(folder, "remote.git"));
  const server = await startHostileServer(gitDir);
  return {
    source,
    gitDir,
    folder,
    server,
    url: server.url,
    async follow(commit) {
      await git(["-C", gitDir, "update-ref", "refs/heads/master", commit]);
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
