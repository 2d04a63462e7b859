import { mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { evicted } from "../store/eviction.ts";
import type { ArchiveShelf, ShelvedArchive } from "../sync/archive-shelf.ts";
import { type Digests, digestsOfPath } from "./archive-digest.ts";
import { type Algorithm, algorithms, type Checksum, cachePath } from "./checksum.ts";

/** What archives that nobody keeps may take on disk before the ones that were not used for longest are removed. */
const looseBytes = 2 * 1024 * 1024 * 1024;

type Names = { [A in Algorithm]?: string };

/** The folder of fetched archives: one file with a name for each checksum, the newest use as its date. */
export class FetchedArchives implements ArchiveShelf {
  readonly #folder: string;
  readonly #records: Map<string, ShelvedArchive> = new Map();
  #reading: Promise<void> | null = null;
  /** Until it is known what is kept, nothing is evicted. */
  #decided: boolean;

  constructor(folder: string, keeps: boolean) {
    this.#folder = folder;
    this.#decided = !keeps;
  }

  path(checksum: Checksum): string {
    return join(this.#folder, cachePath(checksum));
  }

  async records(): Promise<readonly ShelvedArchive[]> {
    await this.#read();
    return [...this.#records.values()];
  }

  /** What is kept is pinned from now on. */
  decided(): void {
    this.#decided = true;
  }

  /** A file has got its names. */
  async added({ md5, sha256, sha512 }: Digests, size: number): Promise<void> {
    await this.#read();
    const pinned = this.#records.get(sha256)?.pinned ?? false;
    this.#records.set(sha256, { sha256, md5, sha512, size, lastUse: Date.now(), pinned });
    if (!this.#decided) return;
    const loose = [...this.#records.values()].filter((record) => !record.pinned && record.sha256 !== sha256);
    const bytes = loose.reduce((sum, record) => sum + record.size, size);
    for (const record of evicted(loose, bytes - looseBytes)) await this.remove(record.sha256);
  }

  /** Never throws: the date only tells who goes first. */
  async used(sha256: string): Promise<void> {
    const now = Date.now();
    const record = this.#records.get(sha256);
    if (record !== undefined) this.#records.set(sha256, { ...record, lastUse: now });
    const path = this.path({ algorithm: "sha256", hex: sha256 });
    await utimes(path, now / 1000, now / 1000).catch(() => undefined);
  }

  async setPinned(sha256: string, pinned: boolean): Promise<void> {
    await this.#read();
    const record = this.#records.get(sha256);
    if (record !== undefined) this.#records.set(sha256, { ...record, pinned });
  }

  /** Readers that have it open keep their bytes. */
  async remove(sha256: string): Promise<void> {
    const record = this.#records.get(sha256);
    this.#records.delete(sha256);
    for (const path of this.#pathsOf(sha256, record)) await rm(path, { force: true });
  }

  async verify(sha256: string): Promise<boolean> {
    const path = this.path({ algorithm: "sha256", hex: sha256 });
    const digests = await digestsOfPath(path).catch(() => null);
    if (digests?.sha256 === sha256) return true;
    // Removed meanwhile: nothing is wrong with it.
    if ((await stat(path).catch(() => null)) === null) return true;
    await this.quarantine(sha256);
    return false;
  }

  /** Out of the way of everybody who asks, and there for whoever wants to know what happened. */
  async quarantine(sha256: string): Promise<void> {
    const record = this.#records.get(sha256);
    this.#records.delete(sha256);
    const aside = join(this.#folder, "quarantine");
    await mkdir(aside, { recursive: true });
    const [path = "", ...aliases] = this.#pathsOf(sha256, record);
    await rename(path, join(aside, sha256)).catch(() => undefined);
    for (const alias of aliases) await rm(alias, { force: true });
  }

  #pathsOf(sha256: string, record: ShelvedArchive | undefined): readonly string[] {
    const paths = [this.path({ algorithm: "sha256", hex: sha256 })];
    for (const algorithm of ["md5", "sha512"] as const) {
      const hex = record?.[algorithm] ?? "";
      if (hex !== "") paths.push(this.path({ algorithm, hex }));
    }
    return paths;
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readAll();
    return this.#reading;
  }

  /** Names belong together that are links to one file. Where a file system has none, an archive is known by its sha256 alone. */
  async #readAll(): Promise<void> {
    const files = new Map<string, Names & { size: number; lastUse: number }>();
    const list = (path: string) => readdir(path).catch((): string[] => []);
    for (const algorithm of algorithms) {
      for (const prefix of await list(join(this.#folder, algorithm))) {
        for (const hex of await list(join(this.#folder, algorithm, prefix))) {
          const found = await stat(join(this.#folder, algorithm, prefix, hex)).catch(() => null);
          if (found?.isFile() !== true) continue;
          const id = `${found.dev} ${found.ino}`;
          files.set(id, { ...files.get(id), size: found.size, lastUse: found.mtimeMs, [algorithm]: hex });
        }
      }
    }
    for (const { md5 = "", sha256, sha512 = "", size, lastUse } of files.values()) {
      if (sha256 !== undefined && !this.#records.has(sha256))
        this.#records.set(sha256, { sha256, md5, sha512, size, lastUse, pinned: false });
    }
  }
}
