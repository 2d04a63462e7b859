/** The calls that isomorphic-git makes on its `fs.promises`, and nothing else. Paths are absolute, with `/`. */
export interface GitFilesSystem {
  readFile(path: string, options?: ReadOptions): Promise<Uint8Array | string | undefined>;
  writeFile(path: string, data: Uint8Array | string, options?: unknown): Promise<void>;
  unlink(path: string): Promise<void>;
  readdir(path: string): Promise<string[]>;
  mkdir(path: string, options?: unknown): Promise<void>;
  rmdir(path: string): Promise<void>;
  stat(path: string): Promise<GitFileStat>;
  lstat(path: string): Promise<GitFileStat>;
  readlink(path: string): Promise<string>;
  symlink(target: string, path: string): Promise<void>;
}

export type ReadOptions = "utf8" | { readonly encoding?: string } | undefined;

export interface GitFileStat {
  readonly type: "file" | "dir" | "symlink";
  readonly mode: number;
  readonly size: number;
  readonly ino: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly uid: number;
  readonly gid: number;
  readonly dev: number;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

export function gitFileStat(type: "file" | "dir", size: number, ino: number, mtimeMs: number): GitFileStat {
  return {
    type,
    mode: type === "dir" ? 0o040777 : 0o100666,
    size,
    ino,
    mtimeMs,
    ctimeMs: mtimeMs,
    uid: 1,
    gid: 1,
    dev: 1,
    isFile: () => type === "file",
    isDirectory: () => type === "dir",
    isSymbolicLink: () => false,
  };
}

/** Bytes as the caller asked for them: text when it named an encoding. */
export function inEncoding(bytes: Uint8Array, options: ReadOptions): Uint8Array | string {
  const encoding = typeof options === "string" ? options : options?.encoding;
  return encoding === "utf8" ? new TextDecoder().decode(bytes) : bytes;
}
