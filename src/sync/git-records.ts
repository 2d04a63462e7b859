import { init, setConfig, writeRef } from "isomorphic-git";
import type { Slice } from "../core/cooperation/slice.ts";
import { openGitDirectory } from "../store/git-directory.ts";
import type { Remote, Tip } from "./discover.ts";
import type { SyncHost } from "./host.ts";

/**
 * Writes what Git would know after this fetch (config, the remote-tracking ref, the shallow file) into the Git directory, through
 * isomorphic-git. It is a record for tools that read the repository; what is served is named by the snapshot pointer alone.
 */
export async function writeGitRecords(
  host: SyncHost,
  repository: string,
  remote: Remote,
  tip: Tip,
  packs: readonly string[],
  slice: Slice,
): Promise<void> {
  const directory = await openGitDirectory(host.store, repository, host.gitDirectory(repository), slice);
  try {
    directory.packs(packs);
    const { fs, dir } = directory;
    const gitdir = dir;
    await init({ fs, dir, gitdir, bare: true, defaultBranch: tip.branch });
    await setConfig({ fs, dir, gitdir, path: "remote.origin.url", value: remote.shown });
    await setConfig({
      fs,
      dir,
      gitdir,
      path: "remote.origin.fetch",
      value: `+refs/heads/${tip.branch}:refs/remotes/origin/${tip.branch}`,
    });
    await writeRef({ fs, dir, gitdir, ref: `refs/remotes/origin/${tip.branch}`, value: tip.commit, force: true });
    await writeRef({ fs, dir, gitdir, ref: `refs/heads/${tip.branch}`, value: tip.commit, force: true });
    await fs.promises.writeFile(`${dir}/shallow`, `${tip.commit}\n`);
  } finally {
    await directory.close();
  }
}
