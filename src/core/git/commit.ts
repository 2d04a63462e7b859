/** What a snapshot needs to know of a commit (Git documentation, git-commit-tree and gitformat-signature). */
export interface CommitFacts {
  /** Hex oid of the root tree. */
  readonly tree: string;
  readonly parents: readonly string[];
  /** Committer date, seconds since the Unix epoch; at most what a Date can hold. */
  readonly committedAt: number;
}

/** The last second that a Date can hold. A commit may be dated beyond it. */
const lastSecond = 8.64e12;

/** `bytes` passed the rules of fsck.ts. */
export function readCommit(bytes: Uint8Array): CommitFacts {
  const lines = new TextDecoder("latin1").decode(bytes).split("\n");
  const parents: string[] = [];
  let tree = "";
  let committedAt = 0;
  for (const line of lines) {
    if (line === "") break;
    if (line.startsWith("tree ")) tree = line.slice(5, 45).toLowerCase();
    else if (line.startsWith("parent ")) parents.push(line.slice(7, 47).toLowerCase());
    else if (line.startsWith("committer ")) {
      committedAt = Math.min(Number(/> (\d+) /.exec(line)?.[1] ?? 0), lastSecond);
    }
  }
  return { tree, parents, committedAt };
}
