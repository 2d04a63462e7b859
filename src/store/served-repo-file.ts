import { type RepoFile, type RepoFileFacts, rewriteRepoFile } from "../core/opam/repo-file.ts";
import type { Snapshot } from "./snapshot-reader.ts";

/** What of a repository's configuration its `repo` file says. */
export type RepoFacts = Omit<RepoFileFacts, "commit">;

/** The `repo` file served for a snapshot, alone and inside `index.tar.gz`. Throws `store-lost`. */
export async function servedRepoFile(snapshot: Snapshot, { remote, archiveMirrors }: RepoFacts): Promise<RepoFile> {
  const original = await snapshot.read("repo");
  return rewriteRepoFile(original?.bytes ?? null, { commit: snapshot.record.commit, remote, archiveMirrors });
}
