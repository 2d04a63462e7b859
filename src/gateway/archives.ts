import { type FileHandle, open } from "node:fs/promises";
import { MirrorError } from "../core/errors.ts";
import { defaultLimits } from "../core/git/limits.ts";
import type { ArchiveCatalog, KnownArchive } from "../serve/archive-catalog.ts";
import { type ArchiveRecord, schemaVersion } from "../store/records.ts";
import { digestsOf } from "./archive-digest.ts";
import { type DownloadedArchives, matches } from "./archive-download.ts";
import type { FolderCache } from "./archive-folder.ts";
import { type Checksum, checksumText } from "./checksum.ts";
import type { Log } from "./options.ts";

const negativeMs = 60_000;
const negativeEntries = 10_000;
const scanWaitMs = 15_000;
const shownFailures = 50;

/** Of archives in a folder, where nothing else is written down. */
const storedFacts = { schema: schemaVersion, type: "application/octet-stream", urls: [] };

/** An archive whose bytes were hashed through this very handle. The receiver closes it. */
export interface VerifiedArchive {
  readonly file: FileHandle;
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Whether it was here already. */
  readonly source: "store" | "upstream";
}

/**
 * Archives by checksum, from folders, from upstream caches, and from where opam files say that they are. No client names a place. What
 * opam files list is compared in full; an archive that none of them lists must match what it is asked by.
 */
export class Archives {
  readonly #folders: readonly FolderCache[];
  readonly #downloads: DownloadedArchives;
  readonly #log: Log;
  /** An archive must have another checksum than md5. */
  readonly #strict: boolean;
  #catalog: ArchiveCatalog | null = null;
  /** Checksums that no source had, until when that is believed, and what was tried. */
  readonly #missing = new Map<string, { readonly until: number; readonly tried: string[] }>();

  constructor(folders: readonly FolderCache[], downloads: DownloadedArchives, log: Log, strict: boolean = false) {
    this.#strict = strict;
    this.#folders = folders;
    this.#downloads = downloads;
    this.#log = log;
  }

  /** From now on, opam files are asked. */
  follow(catalog: ArchiveCatalog): void {
    this.#catalog = catalog;
  }

  /** Of all `repositories` when null. Throws `archive-unavailable`, `forbidden` for md5 alone where that is not enough, or `not-ready` while a folder is still being read. */
  async open(checksum: Checksum, repository: string | null = null): Promise<VerifiedArchive> {
    const key = checksumText(checksum);
    const missed = `${key} ${repository ?? ""}`;
    const missing = this.#missing.get(missed);
    if (missing !== undefined) {
      if (missing.until > performance.now())
        throw new MirrorError("archive-unavailable", { checksum: key, tried: missing.tried });
      this.#missing.delete(missed);
    }
    const catalog = this.#catalog;
    const known =
      (repository === null
        ? await catalog?.sourcesAnywhere(checksum)
        : await catalog?.sourcesOf(repository, checksum)) ?? null;
    if (this.#strict && (known === null ? checksum.algorithm === "md5" : known.weak))
      throw new MirrorError("forbidden", { reason: `nothing stronger than ${key} is known of this archive` });
    const stored = await this.#verified(this.#downloads.path(checksum), checksum, known, "store");
    if (stored !== null) {
      void this.#downloads.shelf.used(stored.sha256);
      return stored;
    }
    let unknown = false;
    for (const folder of this.#folders) {
      const path = await folder.find(checksum, scanWaitMs);
      if (path === "unknown") unknown = true;
      else if (path !== "absent") {
        const archive = await this.#fromFolder(path, checksum, known);
        if (archive !== null) return archive;
      }
    }
    const tried = await this.#downloads.fetch(checksum, known);
    const fetched = await this.#verified(this.#downloads.path(checksum), checksum, known, "upstream");
    if (fetched !== null) return fetched;
    if (unknown) throw new MirrorError("not-ready", { path: key, retryAfter: 5 });
    if (this.#missing.size >= negativeEntries) this.#missing.clear();
    this.#missing.set(missed, { until: performance.now() + negativeMs, tried });
    throw new MirrorError("archive-unavailable", { checksum: key, tried });
  }

  /** A file that a repository has itself and opam files list by the checksum (`extra-files`), from what is served; null when there is none. */
  async ownFile(
    checksum: Checksum,
  ): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly sha256: string } | null> {
    return (await this.#catalog?.ownFileAnywhere(checksum)) ?? null;
  }

  /** What is stored of what was fetched, for `status` and the list of archives. */
  async records(): Promise<readonly ArchiveRecord[]> {
    const shelved = await this.#downloads.shelf.records();
    // Each is verified whenever it is read.
    return shelved.map((record) => ({ ...storedFacts, ...record, verifiedAt: record.lastUse }));
  }

  /** Checksums as opam writes them: those that are being fetched, and the newest that could not be. */
  report(): { readonly active: readonly string[]; readonly failed: readonly string[] } {
    const now = performance.now();
    const missing = [...this.#missing].filter(([, { until }]) => until > now);
    const failed = [...new Set(missing.map(([key]) => key.split(" ")[0] ?? key))];
    return { active: this.#downloads.active, failed: failed.slice(-shownFailures) };
  }

  /** Without room for a copy it is served from where it is. */
  async #fromFolder(path: string, checksum: Checksum, known: KnownArchive | null): Promise<VerifiedArchive | null> {
    const archive = await this.#verified(path, checksum, known, "store");
    if (archive === null || archive.size > defaultLimits.archiveBytes) return archive;
    for (const reason of await this.#downloads.adopt(path, checksum, known)) this.#log(`no copy is kept of ${reason}`);
    return archive;
  }

  async #verified(
    path: string,
    checksum: Checksum,
    known: KnownArchive | null,
    source: "store" | "upstream",
  ): Promise<VerifiedArchive | null> {
    const file = await open(path).catch(() => null);
    if (file === null) return null;
    try {
      const digests = await digestsOf(file);
      if (matches(digests, checksum, known)) return { file, size: digests.size, sha256: digests.sha256, source };
      this.#log(
        `${path}: its bytes do not match ${checksumText(checksum)} and what is listed with it; it is not served`,
      );
    } catch (error) {
      this.#log(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
    await file.close();
    return null;
  }
}
