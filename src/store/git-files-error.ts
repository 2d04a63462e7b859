/** Codes of Node's file system that isomorphic-git tells apart. */
export type GitFilesCode = "ENOENT" | "EEXIST" | "ENOTDIR" | "EISDIR" | "ENOTEMPTY" | "EROFS" | "EINVAL";

/** What a file system throws at isomorphic-git, which looks at `code` only. Never leaves the sync engine. */
export class GitFilesError extends Error {
  override readonly name = "GitFilesError";
  readonly code: GitFilesCode;

  constructor(code: GitFilesCode, path: string) {
    super(`${code}: ${path}`);
    this.code = code;
  }
}
