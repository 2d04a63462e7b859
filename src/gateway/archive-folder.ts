import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { digestsOfPath } from "./archive-digest.ts";
import { type Algorithm, algorithms, type Checksum, cachePath, checksumText } from "./checksum.ts";
import type { Log } from "./options.ts";

/** How long a scan is believed to be complete: files may be added while the gateway runs. */
const rescanMs = 60_000;

/**
 * A folder with the layout of an opam cache. One algorithm's folder is enough: the other checksums of its files are
 * computed at the first question for them, once, while other requests are answered.
 */
export class FolderCache {
  readonly folder: string;
  readonly #log: Log;
  readonly #index = new Map<string, string>();
  readonly #scanned = new Set<string>();
  readonly #waiting = new Map<string, (() => void)[]>();
  #scan: Promise<void> | null = null;
  #scannedAt = Number.NEGATIVE_INFINITY;

  constructor(folder: string, log: Log) {
    this.folder = folder;
    this.#log = log;
  }

  /**
   * A file that should have that checksum (the caller verifies it), `absent`, or `unknown` when the scan that would tell
   * did not get there within `waitMs`.
   */
  async find(checksum: Checksum, waitMs: number): Promise<string | "absent" | "unknown"> {
    const direct = join(this.folder, cachePath(checksum));
    if (await isFile(direct)) return direct;
    const key = checksumText(checksum);
    const indexed = this.#index.get(key);
    if (indexed !== undefined) return indexed;
    if (this.#scan === null && performance.now() - this.#scannedAt < rescanMs) return "absent";
    const source = await this.#sourceOfIndex();
    if (source === null || source === checksum.algorithm) return "absent";
    this.#scan ??= this.#scanAll(source).finally(() => {
      this.#scan = null;
      this.#scannedAt = performance.now();
    });
    const complete = await this.#wait(key, this.#scan, waitMs);
    return this.#index.get(key) ?? (complete ? "absent" : "unknown");
  }

  /** Resolves with true when the scan has ended or found `key`, with false when the time is up first. */
  #wait(key: string, scan: Promise<void>, waitMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const found = () => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => resolve(false), waitMs);
      this.#waiting.set(key, [...(this.#waiting.get(key) ?? []), found]);
      scan.then(found, found);
    });
  }

  async #sourceOfIndex(): Promise<Algorithm | null> {
    for (const algorithm of algorithms) {
      const entries = await readdir(join(this.folder, algorithm)).catch(() => []);
      if (entries.length > 0) return algorithm;
    }
    return null;
  }

  async #scanAll(source: Algorithm): Promise<void> {
    const started = performance.now();
    let files = 0;
    for (const prefix of await readdir(join(this.folder, source)).catch(() => [])) {
      for (const name of await readdir(join(this.folder, source, prefix)).catch(() => [])) {
        const path = join(this.folder, source, prefix, name);
        if (this.#scanned.has(path)) continue;
        this.#scanned.add(path);
        try {
          const digests = await digestsOfPath(path);
          if (digests[source] !== name) {
            this.#log(`${path}: its bytes do not match its name; it is not served`);
            continue;
          }
          files++;
          for (const algorithm of algorithms) this.#add(checksumText({ algorithm, hex: digests[algorithm] }), path);
        } catch (error) {
          this.#log(`${path}: ${error instanceof Error ? error.message : String(error)}`);
        }
      }
    }
    if (files > 0)
      this.#log(
        `${this.folder}: computed the other checksums of ${files} archives in ${Math.round(performance.now() - started)} ms`,
      );
    this.#waiting.clear();
  }

  #add(key: string, path: string): void {
    this.#index.set(key, path);
    for (const found of this.#waiting.get(key) ?? []) found();
    this.#waiting.delete(key);
  }
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isFile() ?? false;
}
