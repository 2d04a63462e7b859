import type { Slice } from "../core/cooperation/slice.ts";
import { pieceBytes } from "./blob-bytes.ts";
import { GitFilesError } from "./git-files-error.ts";
import {
  type GitFileStat,
  type GitFilesSystem,
  gitFileStat,
  inEncoding,
  type ReadOptions,
} from "./git-files-system.ts";
import type { Store } from "./store.ts";

const packFolder = /(?:^|\/)objects\/pack(?:\/([^/]+))?$/;

/**
 * A Git directory whose `objects/pack` shows packs of the store, read-only: a pack exists once, and isomorphic-git can
 * still read every object. Everything else is the file system below.
 */
export class PackOverlay implements GitFilesSystem {
  readonly #below: GitFilesSystem;
  readonly #store: Store;
  readonly #slice: Slice;
  #keys: readonly string[] = [];

  constructor(below: GitFilesSystem, store: Store, slice: Slice) {
    this.#below = below;
    this.#store = store;
    this.#slice = slice;
  }

  show(keys: readonly string[]): void {
    this.#keys = [...keys];
  }

  async readFile(path: string, options?: ReadOptions): Promise<Uint8Array | string | undefined> {
    const name = packFile(path);
    if (name === undefined) return this.#below.readFile(path, options);
    const { pack, part } = await this.#named(path, name);
    return inEncoding(part === "idx" ? await pack.idx() : await this.#whole(pack), options);
  }

  async stat(path: string): Promise<GitFileStat> {
    const name = packFile(path);
    if (name === undefined) return this.#below.stat(path);
    const { pack, part } = await this.#named(path, name);
    return gitFileStat("file", part === "idx" ? (await pack.idx()).length : pack.size, 0, 0);
  }

  lstat(path: string): Promise<GitFileStat> {
    return packFile(path) === undefined ? this.#below.lstat(path) : this.stat(path);
  }

  async readdir(path: string): Promise<string[]> {
    if (!packFolder.test(path)) return this.#below.readdir(path);
    return this.#keys.flatMap((key) => [`pack-${key}.idx`, `pack-${key}.pack`]);
  }

  async writeFile(path: string, data: Uint8Array | string, options?: unknown): Promise<void> {
    refusePackFile(path);
    await this.#below.writeFile(path, data, options);
  }

  async unlink(path: string): Promise<void> {
    refusePackFile(path);
    await this.#below.unlink(path);
  }

  async mkdir(path: string, options?: unknown): Promise<void> {
    refusePackFile(path);
    await this.#below.mkdir(path, options);
  }

  async rmdir(path: string): Promise<void> {
    refusePackFile(path);
    await this.#below.rmdir(path);
  }

  readlink(path: string): Promise<string> {
    return this.#below.readlink(path);
  }

  async symlink(target: string, path: string): Promise<void> {
    refusePackFile(path);
    await this.#below.symlink(target, path);
  }

  async #named(
    path: string,
    name: string,
  ): Promise<{ pack: NonNullable<Awaited<ReturnType<Store["pack"]>>>; part: string }> {
    const match = /^pack-([0-9a-f]+)\.(pack|idx)$/.exec(name);
    const key = match?.[1];
    const pack = key !== undefined && this.#keys.includes(key) ? await this.#store.pack(key) : undefined;
    if (!pack) throw new GitFilesError("ENOENT", path);
    return { pack, part: match![2]! };
  }

  async #whole(pack: {
    readonly size: number;
    read(offset: number, length: number): Promise<Uint8Array>;
  }): Promise<Uint8Array> {
    const bytes = new Uint8Array(pack.size);
    for (let at = 0; at < pack.size; at += pieceBytes) {
      if (this.#slice.due()) await this.#slice.pause();
      bytes.set(await pack.read(at, Math.min(pieceBytes, pack.size - at)), at);
    }
    return bytes;
  }
}

/** Name of a file in `objects/pack`, or undefined for any other path (the folder itself included). */
function packFile(path: string): string | undefined {
  return packFolder.exec(path)?.[1];
}

function refusePackFile(path: string): void {
  if (packFile(path) !== undefined) throw new GitFilesError("EROFS", path);
}
