import { type RepoFile, rewriteRepoFile } from "../core/opam/repo-file.ts";
import type { Snapshot } from "./snapshot-reader.ts";

/** The `repo` file served for a snapshot, alone and inside `index.tar.gz`. Throws `store-lost`. */
export async function servedRepoFile(snapshot: Snapshot, remote: string): Promise<RepoFile> {
  const original = await snapshot.read("repo");
  return rewriteRepoFile(original?.bytes ?? null, { commit: snapshot.record.commit, remote });
}
