import { GitFilesError } from "./git-files-error.ts";
import {
  type GitFileStat,
  type GitFilesSystem,
  gitFileStat,
  inEncoding,
  type ReadOptions,
} from "./git-files-system.ts";
import type { GitFiles } from "./store.ts";

interface Entry {
  readonly type: "file" | "dir";
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
}

/** Marks a directory that this file system saved; LightningFS's own looks different, and is not read. */
const format = "opam-web-mirror:git-files:1";

/**
 * The small files of a Git directory where LightningFS cannot run: it needs Web Locks, which Node and insecure contexts
 * lack. The tree is held in memory and kept in the store's GitFiles; `save` stores it.
 */
export class MemoryGitFiles implements GitFilesSystem {
  readonly #files: GitFiles;
  readonly #now: () => number;
  readonly #entries: Map<string, Entry>;
  #lastInode: number;

  private constructor(files: GitFiles, now: () => number, entries: Map<string, Entry>) {
    this.#files = files;
    this.#now = now;
    this.#entries = entries;
    this.#lastInode = Math.max(0, ...[...entries.values()].map((entry) => entry.ino));
  }

  static async open(files: GitFiles, now: () => number): Promise<MemoryGitFiles> {
    const saved = (await files.loadSuperblock()) as { format?: unknown; entries?: unknown } | null | undefined;
    const entries =
      saved?.format === format && saved.entries instanceof Map ? (saved.entries as Map<string, Entry>) : null;
    if (!entries) await files.wipe();
    return new MemoryGitFiles(
      files,
      now,
      entries ?? new Map([["/", { type: "dir", ino: 0, size: 0, mtimeMs: now() }]]),
    );
  }

  async save(): Promise<void> {
    await this.#files.saveSuperblock({ format, entries: this.#entries });
  }

  async readFile(path: string, options?: ReadOptions): Promise<Uint8Array | string> {
    const entry = this.#entry(path);
    if (entry.type === "dir") throw new GitFilesError("EISDIR", path);
    const bytes = await this.#files.readFile(entry.ino);
    if (!bytes) throw new GitFilesError("ENOENT", path);
    return inEncoding(bytes, options);
  }

  async writeFile(path: string, data: Uint8Array | string): Promise<void> {
    const at = normal(path);
    const old = this.#entries.get(at);
    if (old?.type === "dir") throw new GitFilesError("EISDIR", path);
    this.#parent(at);
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    // Numbers are not given out twice while the tree is open: a directory saved earlier never names another file's bytes.
    const ino = old?.ino ?? ++this.#lastInode;
    this.#entries.set(at, { type: "file", ino, size: bytes.length, mtimeMs: this.#now() });
    await this.#files.writeFile(ino, bytes);
  }

  async unlink(path: string): Promise<void> {
    const entry = this.#entry(path);
    if (entry.type === "dir") throw new GitFilesError("EISDIR", path);
    this.#entries.delete(normal(path));
    await this.#files.unlink(entry.ino);
  }

  async readdir(path: string): Promise<string[]> {
    if (this.#entry(path).type !== "dir") throw new GitFilesError("ENOTDIR", path);
    return this.#children(normal(path));
  }

  async mkdir(path: string): Promise<void> {
    const at = normal(path);
    if (this.#entries.has(at)) throw new GitFilesError("EEXIST", path);
    this.#parent(at);
    this.#entries.set(at, { type: "dir", ino: ++this.#lastInode, size: 0, mtimeMs: this.#now() });
  }

  async rmdir(path: string): Promise<void> {
    const at = normal(path);
    if (this.#entry(path).type !== "dir") throw new GitFilesError("ENOTDIR", path);
    if (at === "/" || this.#children(at).length > 0) throw new GitFilesError("ENOTEMPTY", path);
    this.#entries.delete(at);
  }

  async stat(path: string): Promise<GitFileStat> {
    const entry = this.#entry(path);
    return gitFileStat(entry.type, entry.size, entry.ino, entry.mtimeMs);
  }

  lstat(path: string): Promise<GitFileStat> {
    return this.stat(path);
  }

  /** There are no symbolic links in a Git directory of ours. */
  async readlink(path: string): Promise<string> {
    this.#entry(path);
    throw new GitFilesError("EINVAL", path);
  }

  async symlink(_target: string, path: string): Promise<void> {
    throw new GitFilesError("EROFS", path);
  }

  #entry(path: string): Entry {
    const entry = this.#entries.get(normal(path));
    if (!entry) throw new GitFilesError("ENOENT", path);
    return entry;
  }

  #parent(at: string): void {
    const parent = this.#entry(at.slice(0, at.lastIndexOf("/")) || "/");
    if (parent.type !== "dir") throw new GitFilesError("ENOTDIR", at);
  }

  #children(at: string): string[] {
    const prefix = at === "/" ? "/" : `${at}/`;
    const names: string[] = [];
    for (const key of this.#entries.keys()) {
      if (key !== "/" && key.startsWith(prefix) && !key.includes("/", prefix.length))
        names.push(key.slice(prefix.length));
    }
    return names;
  }
}

/** Absolute, without empty, `.` or `..` segments. */
function normal(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return `/${segments.join("/")}`;
}
