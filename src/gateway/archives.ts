import { type FileHandle, open } from "node:fs/promises";
import { MirrorError } from "../core/errors.ts";
import { digestsOf } from "./archive-digest.ts";
import type { DownloadedArchives } from "./archive-download.ts";
import type { FolderCache } from "./archive-folder.ts";
import { type Checksum, checksumText } from "./checksum.ts";
import type { Log } from "./options.ts";

const negativeMs = 60_000;
const negativeEntries = 10_000;
const scanWaitMs = 15_000;
const shownFailures = 50;

/** An archive whose bytes were hashed through this very handle. The receiver closes it. */
export interface VerifiedArchive {
  readonly file: FileHandle;
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Whether it was here already. */
  readonly source: "store" | "upstream";
}

/** Archives by checksum, from folders and from upstream caches. Nobody but the operator names where they come from. */
export class Archives {
  readonly #folders: readonly FolderCache[];
  readonly #downloads: DownloadedArchives;
  readonly #log: Log;
  /** Checksums that no source had, until when that is believed, and what was tried. */
  readonly #missing = new Map<string, { readonly until: number; readonly tried: string[] }>();

  constructor(folders: readonly FolderCache[], downloads: DownloadedArchives, log: Log) {
    this.#folders = folders;
    this.#downloads = downloads;
    this.#log = log;
  }

  /** Throws `archive-unavailable`, or `not-ready` while a folder is still being read. */
  async open(checksum: Checksum): Promise<VerifiedArchive> {
    const key = checksumText(checksum);
    const missing = this.#missing.get(key);
    if (missing !== undefined) {
      if (missing.until > performance.now())
        throw new MirrorError("archive-unavailable", { checksum: key, tried: missing.tried });
      this.#missing.delete(key);
    }
    const stored = await this.#verified(this.#downloads.path(checksum), checksum, "store");
    if (stored !== null) return stored;
    let unknown = false;
    for (const folder of this.#folders) {
      const path = await folder.find(checksum, scanWaitMs);
      if (path === "unknown") unknown = true;
      else if (path !== "absent") {
        const archive = await this.#verified(path, checksum, "store");
        if (archive !== null) return archive;
      }
    }
    const tried = await this.#downloads.fetch(checksum);
    const fetched = await this.#verified(this.#downloads.path(checksum), checksum, "upstream");
    if (fetched !== null) return fetched;
    if (unknown) throw new MirrorError("not-ready", { path: key, retryAfter: 5 });
    if (this.#missing.size >= negativeEntries) this.#missing.clear();
    this.#missing.set(key, { until: performance.now() + negativeMs, tried });
    throw new MirrorError("archive-unavailable", { checksum: key, tried });
  }

  /** Checksums as opam writes them: those that are being fetched, and the newest that could not be. */
  report(): { readonly active: readonly string[]; readonly failed: readonly string[] } {
    const now = performance.now();
    const failed = [...this.#missing].filter(([, { until }]) => until > now).map(([key]) => key);
    return { active: this.#downloads.active, failed: failed.slice(-shownFailures) };
  }

  async #verified(path: string, checksum: Checksum, source: "store" | "upstream"): Promise<VerifiedArchive | null> {
    const file = await open(path).catch(() => null);
    if (file === null) return null;
    try {
      const digests = await digestsOf(file);
      if (digests[checksum.algorithm] === checksum.hex)
        return { file, size: digests.size, sha256: digests.sha256, source };
      this.#log(`${path}: its bytes do not match ${checksumText(checksum)}; it is not served`);
    } catch (error) {
      this.#log(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
    await file.close();
    return null;
  }
}
