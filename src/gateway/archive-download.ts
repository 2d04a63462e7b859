import { createHash, randomUUID } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { copyFile, link, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { MirrorError } from "../core/errors.ts";
import { defaultLimits } from "../core/git/limits.ts";
import { isArchive } from "../core/opam/archive-sources.ts";
import type { KnownArchive } from "../serve/archive-catalog.ts";
import type { AddressRule } from "./address.ts";
import type { Digests } from "./archive-digest.ts";
import { algorithms, type Checksum, cachePath, checksumText } from "./checksum.ts";
import { FetchedArchives } from "./fetched-archives.ts";
import { outbound, withoutQuery } from "./outbound.ts";
import { Places } from "./places.ts";
import { resumedBody } from "./resumed-body.ts";

/** As many as opam-mirror runs. */
export const defaultParallel = 20;
const firstByteMs = 15_000;
const idleMs = 30_000;
/** One source, from the question to the last byte. */
const totalMs = 600_000;
/** URLs of opam files that are asked for one archive. */
const askedUrls = 16;
const tooLarge = `larger than ${defaultLimits.archiveBytes} bytes`;

export interface DownloadOptions {
  /** Archives that are fetched at a time. */
  readonly parallel?: number;
  /** For the URLs of opam files; null asks none of them. */
  readonly rule: AddressRule | null;
  /** Whether any of them are kept: then nothing is evicted before `shelf.decided`. */
  readonly keeps?: boolean;
}

/** Where an archive may be had. */
interface Place {
  /** For people. */
  readonly name: string;
  readonly url: URL;
  /** Null where the operator named the address. */
  readonly rule: AddressRule | null;
}

/** Archives from upstream caches and from what opam files name: written aside, verified, and only then given their names. */
export class DownloadedArchives {
  readonly #folder: string;
  readonly #caches: readonly URL[];
  readonly #rule: AddressRule | null;
  readonly #places: Places;
  readonly #running = new Map<string, { readonly checksum: string; readonly tried: Promise<string[]> }>();
  /** What is in the folder. */
  readonly shelf: FetchedArchives;

  /** `caches` are URLs of folders with the cache layout, ending in a slash. */
  constructor(
    folder: string,
    caches: readonly URL[],
    { parallel = defaultParallel, rule, keeps = false }: DownloadOptions,
  ) {
    this.#places = new Places(parallel);
    this.#folder = folder;
    this.shelf = new FetchedArchives(folder, keeps);
    this.#caches = caches;
    this.#rule = rule;
  }

  /** Checksums that are being fetched. */
  get active(): readonly string[] {
    return [...new Set([...this.#running.values()].map((one) => one.checksum))];
  }

  path(checksum: Checksum): string {
    return join(this.#folder, cachePath(checksum));
  }

  /**
   * Fetches the archive from the first place that delivers it: the caches, then the repositories' own archive mirrors, then what opam
   * files name. Resolves with what failed on the way; the file is there when one succeeded.
   */
  fetch(checksum: Checksum, known: KnownArchive | null): Promise<string[]> {
    return this.#shared(checksum, known, () => this.#places.run(() => this.#fetch(checksum, known)));
  }

  /**
   * Copies a file of a folder that is a cache, so that it is served when that folder is gone. Resolves with what failed: then there is
   * no copy.
   */
  adopt(path: string, checksum: Checksum, known: KnownArchive | null): Promise<string[]> {
    return this.#shared(checksum, known, () =>
      this.#receive(createReadStream(path), path, checksum, known).then(
        () => [],
        (error: unknown) => [`${path}: ${error instanceof Error ? error.message : String(error)}`],
      ),
    );
  }

  /** Requests for what must match the same share the work, whichever of its checksums they name. */
  #shared(checksum: Checksum, known: KnownArchive | null, work: () => Promise<string[]>): Promise<string[]> {
    const key = known === null ? checksumText(checksum) : JSON.stringify(known);
    let running = this.#running.get(key);
    if (running === undefined) {
      running = { checksum: checksumText(checksum), tried: work().finally(() => this.#running.delete(key)) };
      this.#running.set(key, running);
    }
    return running.tried;
  }

  async #fetch(checksum: Checksum, known: KnownArchive | null): Promise<string[]> {
    const tried: string[] = [];
    for (const place of this.#placesOf(checksum, known)) {
      try {
        const reason = await this.#fetchFrom(place, checksum, known);
        if (reason === null) return tried;
        tried.push(`${place.name}: ${reason}`);
      } catch (error) {
        tried.push(`${place.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return tried;
  }

  *#placesOf(checksum: Checksum, known: KnownArchive | null): Iterable<Place> {
    // Many caches keep an archive under one of its checksums alone.
    const paths = [...new Set([checksum, ...(known?.alternatives.flat() ?? [])].map(cachePath))];
    for (const cache of this.#caches)
      for (const path of paths) yield { name: cache.host, url: new URL(path, cache), rule: null };
    if (this.#rule === null || known === null) return;
    const mirrors = known.mirrors.map((mirror) => `${mirror.replace(/\/+$/, "")}/${cachePath(checksum)}`);
    for (const address of [...mirrors, ...known.urls.slice(0, askedUrls)]) {
      if (!URL.canParse(address)) continue;
      const url = new URL(address);
      yield { name: withoutQuery(url), url, rule: this.#rule };
    }
  }

  async #fetchFrom({ name, url, rule }: Place, checksum: Checksum, known: KnownArchive | null): Promise<string | null> {
    const guard = rule === null ? { redirects: 3 } : { redirects: 5, rule };
    const signal = AbortSignal.timeout(totalMs);
    const asked = { headMs: firstByteMs, idleMs, signal, ...guard };
    const answer = await outbound(url, asked);
    if (answer.status !== 200) {
      answer.body.destroy();
      return `HTTP status ${answer.status}`;
    }
    if (Number(answer.headers["content-length"] ?? 0) > defaultLimits.archiveBytes) {
      answer.body.destroy();
      return tooLarge;
    }
    const body = resumedBody(answer, (at, ifRange) => {
      const headers = { range: `bytes=${at}-`, ...(ifRange === null ? {} : { "if-range": ifRange }) };
      return outbound(url, { ...asked, headers });
    });
    await this.#receive(body, name, checksum, known);
    return null;
  }

  /** Writes all bytes of `body` aside, and gives them their names when they are the archive. Throws `archive-mismatch`, and what reading and writing throw. */
  async #receive(
    body: AsyncIterable<Buffer>,
    name: string,
    checksum: Checksum,
    known: KnownArchive | null,
  ): Promise<void> {
    const pending = join(this.#folder, "pending", randomUUID());
    await mkdir(dirname(pending), { recursive: true });
    const hashes = algorithms.map((algorithm) => [algorithm, createHash(algorithm)] as const);
    let size = 0;
    const verify = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        size += chunk.length;
        for (const [, hash] of hashes) hash.update(chunk);
        if (size > defaultLimits.archiveBytes) done(new Error(tooLarge));
        else done(null, chunk);
      },
    });
    try {
      await pipeline(body, verify, createWriteStream(pending));
      const digests = Object.fromEntries(hashes.map(([algorithm, hash]) => [algorithm, hash.digest("hex")])) as Digests;
      if (!matches(digests, checksum, known))
        throw new MirrorError("archive-mismatch", { checksum: checksumText(checksum), source: name });
      await this.#keep(pending, digests, size);
    } finally {
      await rm(pending, { force: true });
    }
  }

  /** One file with three names: whichever checksum it is asked by, it is here. */
  async #keep(pending: string, digests: Digests, size: number): Promise<void> {
    const [path = "", ...aliases] = algorithms.map((algorithm) => this.path({ algorithm, hex: digests[algorithm] }));
    for (const alias of aliases) {
      const linked = `${pending}.alias`;
      // Some file systems have no links.
      await link(pending, linked).catch(() => copyFile(pending, linked));
      try {
        await named(linked, alias);
      } finally {
        await rm(linked, { force: true });
      }
    }
    await named(pending, path);
    await this.shelf.added(digests, size);
  }
}

/** Whether bytes with those digests are what was asked for, and what opam files say it is. */
export function matches(digests: Digests, checksum: Checksum, known: KnownArchive | null): boolean {
  return digests[checksum.algorithm] === checksum.hex && (known === null || isArchive(known, digests));
}

async function named(path: string, name: string): Promise<void> {
  await mkdir(dirname(name), { recursive: true });
  await rename(path, name);
}
