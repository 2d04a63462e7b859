import { cp, mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { makeOpamRepository } from "../../fixtures/opam-repository.ts";
import { bundledScript } from "../bundled-script.ts";
import { temporaryFolder } from "../gateway.ts";
import { expectedAnswers, servedHashes } from "./git-hashes.ts";
import { type MirrorSite, mirrorSite } from "./mirror-site.ts";

/** One of the two states of the remote. */
export interface RemoteState {
  readonly commit: string;
  /** Path → what a right mirror answers, in the form of `answersOf`. */
  readonly answers: ReadonlyMap<string, string>;
}

export interface KillSite extends AsyncDisposable {
  readonly site: MirrorSite;
  /** The page of `kill-page.ts`. It lies in the scope of the product's service worker, which leaves it alone. */
  readonly page: string;
  /** Address of the repository. */
  readonly root: string;
  readonly old: RemoteState;
  /** So much later that compaction is due after the update. */
  readonly new: RemoteState;
}

/** The product, with the page and the worker of tests beside it, on one origin. */
export async function openKillSite(): Promise<KillSite> {
  const folder = await temporaryFolder();
  await cp(fileURLToPath(new URL("../../../dist/app", import.meta.url)), folder.path, { recursive: true });
  await mkdir(folder.at("kill"));
  await writeFile(
    folder.at("kill/page.html"),
    '<!doctype html><title>kill</title><script src="kill-page.js"></script>\n',
  );
  await writeFile(folder.at("kill/kill-page.js"), await bundledScript(new URL("kill-page.ts", import.meta.url)));
  await writeFile(folder.at("kill/kill-worker.js"), await bundledScript(new URL("kill-worker.ts", import.meta.url)));
  const repository = await makeOpamRepository({ versions: 300, commits: 49, seed: "compaction" });
  const state = async (commit: string): Promise<RemoteState> => ({
    commit,
    answers: expectedAnswers(await servedHashes(repository.gitDir, commit)),
  });
  const [before, after] = await Promise.all([state(repository.commits[0]!), state(repository.commits[16]!)]);
  const site = await mirrorSite({ repository, commit: before.commit, appDirectory: folder.path });
  return {
    site,
    page: `${site.url}kill/page.html`,
    root: `${site.url}opam/default/`,
    old: before,
    new: after,
    [Symbol.asyncDispose]: async () => {
      await site[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}
