import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { MirrorError } from "../core/errors.ts";
import { defaultLimits } from "../core/git/limits.ts";
import { type Checksum, cachePath, checksumText } from "./checksum.ts";
import { outbound } from "./outbound.ts";
import { Places } from "./places.ts";

/** As many as opam-mirror runs. */
const defaultParallel = 20;
const firstByteMs = 15_000;
const idleMs = 30_000;
/** What fetched archives may take on disk before the oldest are removed. */
const keepBytes = 2 * 1024 * 1024 * 1024;

/** Archives fetched from upstream caches: written aside, verified, and only then given their name. */
export class DownloadedArchives {
  readonly #folder: string;
  readonly #caches: readonly URL[];
  readonly #places: Places;
  readonly #running = new Map<string, Promise<string[]>>();
  readonly #kept = new Map<string, number>();
  #keptBytes = 0;

  /** `caches` are URLs of folders with the cache layout, ending in a slash; `parallel` archives are fetched at a time. */
  constructor(folder: string, caches: readonly URL[], parallel: number = defaultParallel) {
    this.#places = new Places(parallel);
    this.#folder = folder;
    this.#caches = caches;
  }

  /** Checksums that are being fetched. */
  get active(): readonly string[] {
    return [...this.#running.keys()];
  }

  path(checksum: Checksum): string {
    return join(this.#folder, cachePath(checksum));
  }

  /** Fetches the archive from the first cache that delivers it. Resolves with what failed on the way; the file is there when one succeeded. */
  fetch(checksum: Checksum): Promise<string[]> {
    const key = checksumText(checksum);
    let running = this.#running.get(key);
    if (running === undefined) {
      running = this.#places.run(() => this.#fetch(checksum)).finally(() => this.#running.delete(key));
      this.#running.set(key, running);
    }
    return running;
  }

  async #fetch(checksum: Checksum): Promise<string[]> {
    const tried: string[] = [];
    for (const cache of this.#caches) {
      try {
        const reason = await this.#fetchFrom(cache, checksum);
        if (reason === null) return tried;
        tried.push(`${cache.host}: ${reason}`);
      } catch (error) {
        tried.push(`${cache.host}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return tried;
  }

  async #fetchFrom(cache: URL, checksum: Checksum): Promise<string | null> {
    const answer = await outbound(new URL(cachePath(checksum), cache), { headMs: firstByteMs, idleMs, redirects: 3 });
    if (answer.status !== 200) {
      answer.body.destroy();
      return `HTTP status ${answer.status}`;
    }
    const path = this.path(checksum);
    const pending = join(this.#folder, "pending", randomUUID());
    await mkdir(dirname(pending), { recursive: true });
    const hash = createHash(checksum.algorithm);
    let size = 0;
    const verify = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        size += chunk.length;
        hash.update(chunk);
        if (size > defaultLimits.archiveBytes) done(new Error(`larger than ${defaultLimits.archiveBytes} bytes`));
        else done(null, chunk);
      },
    });
    try {
      await pipeline(answer.body, verify, createWriteStream(pending));
      if (hash.digest("hex") !== checksum.hex)
        throw new MirrorError("archive-mismatch", { checksum: checksumText(checksum), source: cache.host });
      await mkdir(dirname(path), { recursive: true });
      await rename(pending, path);
    } finally {
      await rm(pending, { force: true });
    }
    await this.#keep(path, size);
    return null;
  }

  async #keep(path: string, size: number): Promise<void> {
    this.#kept.set(path, size);
    this.#keptBytes += size;
    for (const [oldest, bytes] of this.#kept) {
      if (this.#keptBytes <= keepBytes || oldest === path) break;
      this.#kept.delete(oldest);
      this.#keptBytes -= bytes;
      // Readers that have it open keep their bytes.
      if (await stat(oldest).catch(() => null)) await rm(oldest, { force: true });
    }
  }
}
