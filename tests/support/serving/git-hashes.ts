import { createHash } from "node:crypto";
import { catFileBatch, lsTree } from "../../fixtures/git-oracle.ts";

/** Path → sha256 of its content by `git cat-file`, of everything a mirror serves as it is: `version` and `packages/**`. */
export async function servedHashes(gitDir: string, commit: string): Promise<Map<string, string>> {
  const files = [...(await lsTree(gitDir, commit))].filter(
    ([path, { kind }]) => kind === "blob" && (path === "version" || path.startsWith("packages/")),
  );
  const hashes = new Map<string, string>();
  let at = 0;
  for await (const { oid, bytes } of catFileBatch(
    gitDir,
    files.map(([, { oid }]) => oid),
  )) {
    const [path, file] = files[at++] ?? [];
    if (path === undefined || file?.oid !== oid) throw new Error(`git cat-file answered ${oid} out of order`);
    hashes.set(path, createHash("sha256").update(bytes).digest("hex"));
  }
  if (at !== files.length) throw new Error(`git cat-file gave ${at} of ${files.length} objects`);
  return hashes;
}

/** What a right mirror answers for each of them, in the form of `answersOf`. */
export function expectedAnswers(hashes: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...hashes].map(([path, hash]) => [path, `200 snapshot ${hash}`]));
}
