/** Files of a tree by path, each of mode 100644. */
export type Tree = ReadonlyMap<string, Buffer>;

export interface Commit {
  readonly branch: string;
  /** A branch that was imported before. */
  readonly from: string | null;
  readonly message: string;
  /** Seconds since the Unix epoch: of the author and of the committer. */
  readonly date: number;
  readonly tree: Tree;
}

const person = "opam-web-mirror demo <demo@opam-web-mirror.invalid>";

/** The commits as a stream for git-fast-import(1). The same input gives the same object ids. */
export function fastImport(commits: readonly Commit[]): Buffer {
  const parts: Buffer[] = [];
  const text = (line: string) => parts.push(Buffer.from(line));
  const data = (bytes: Buffer) => {
    text(`data ${bytes.length}\n`);
    parts.push(bytes);
    text("\n");
  };
  for (const { branch, from, message, date, tree } of commits) {
    text(`commit refs/heads/${branch}\nauthor ${person} ${date} +0000\ncommitter ${person} ${date} +0000\n`);
    data(Buffer.from(`${message}\n`));
    if (from !== null) text(`from refs/heads/${from}\n`);
    text("deleteall\n");
    for (const [path, bytes] of [...tree].sort(([a], [b]) => (a < b ? -1 : 1))) {
      text(`M 100644 inline ${path}\n`);
      data(bytes);
    }
    text("\n");
  }
  return Buffer.concat(parts);
}
