import type { Clock } from "../core/cooperation/clock.ts";
import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import type { ChecksumAlgorithm } from "../core/opam/checksum.ts";
import { pieceBytes } from "../store/blob-bytes.ts";
import { schemaVersion } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import { downloadArchive } from "./archive-download.ts";
import { blobDigest } from "./blob-digest.ts";
import type { Archive, Archives } from "./ports.ts";

/** Failed checksums shown in `status`, the newest. */
const shownFailures = 50;
/** Checksums whose sha256 is remembered; beyond it, all are forgotten. */
const rememberedChecksums = 10_000;

export interface GatewayArchivesDeps {
  /** URL of the scope, ending in `/`. */
  readonly base: string;
  readonly fetch: typeof fetch;
  readonly store: Pick<Store, "archive" | "archivesWith" | "archiveWriter">;
  readonly clock: Clock;
  readonly slice: () => Slice;
  /** Largest archive, in bytes. */
  readonly archiveBytes: number;
}

interface Job {
  readonly archive: Promise<Archive>;
  readonly abort: AbortController;
  waiting: number;
}

/**
 * Archives from the store, else from the gateway, which is asked by checksum and never by URL. Nothing is believed:
 * stored and fetched bytes are hashed before they are handed out. Identical requests share one download.
 */
export class GatewayArchives implements Archives {
  readonly #deps: GatewayArchivesDeps;
  readonly #jobs = new Map<string, Job>();
  readonly #failed = new Set<string>();
  readonly #sha256 = new Map<string, string>();

  constructor(deps: GatewayArchivesDeps) {
    this.#deps = deps;
  }

  async get(_repository: string, algorithm: ChecksumAlgorithm, hex: string, signal: AbortSignal): Promise<Archive> {
    const checksum = `${algorithm}=${hex}`;
    if (signal.aborted) throw aborted(checksum);
    const job = this.#jobs.get(checksum) ?? this.#start(algorithm, hex, checksum);
    job.waiting++;
    return new Promise<Archive>((resolve, reject) => {
      const leave = () => {
        // The download goes on for as long as anybody waits for it.
        if (--job.waiting === 0) job.abort.abort(aborted(checksum));
        reject(aborted(checksum));
      };
      signal.addEventListener("abort", leave, { once: true });
      job.archive.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    });
  }

  report(): { readonly active: readonly string[]; readonly failed: readonly string[] } {
    return { active: [...this.#jobs.keys()], failed: [...this.#failed] };
  }

  #start(algorithm: ChecksumAlgorithm, hex: string, checksum: string): Job {
    const abort = new AbortController();
    const job: Job = { archive: this.#find(algorithm, hex, checksum, abort), abort, waiting: 0 };
    this.#jobs.set(checksum, job);
    const ended = () => {
      if (this.#jobs.get(checksum) === job) this.#jobs.delete(checksum);
    };
    // An aborted job must not catch later requests.
    abort.signal.addEventListener("abort", ended, { once: true });
    job.archive.then(
      () => {
        ended();
        this.#failed.delete(checksum);
      },
      (thrown: unknown) => {
        ended();
        if (thrown instanceof MirrorError && thrown.code === "aborted") return;
        this.#failed.delete(checksum);
        this.#failed.add(checksum);
        for (const oldest of [...this.#failed].slice(0, -shownFailures)) this.#failed.delete(oldest);
      },
    );
    return job;
  }

  async #find(algorithm: ChecksumAlgorithm, hex: string, checksum: string, abort: AbortController): Promise<Archive> {
    const stored = await this.#stored(algorithm, hex, checksum);
    return stored ?? this.#download(algorithm, hex, checksum, abort);
  }

  /** A stored archive whose bytes are still what they were. What is damaged is fetched again and replaced. */
  async #stored(algorithm: ChecksumAlgorithm, hex: string, checksum: string): Promise<Archive | null> {
    const { store, slice } = this.#deps;
    try {
      const known = algorithm === "sha256" ? hex : this.#sha256.get(checksum);
      const [sha256, other] =
        known !== undefined || algorithm === "sha256" ? [known] : await store.archivesWith(algorithm, hex);
      if (sha256 === undefined || other !== undefined) return null;
      const stored = await store.archive(sha256);
      if (stored === undefined || stored.record[algorithm] !== hex) return null;
      const pieces: Blob[] = [];
      for (let at = 0; at < stored.record.size; at += pieceBytes)
        pieces.push(new Blob([await stored.read(at, pieceBytes)]));
      const bytes = new Blob(pieces, { type: stored.record.type });
      if ((await blobDigest(bytes, "sha256", slice())) !== sha256) return null;
      return { bytes, sha256, source: "store" };
    } catch {
      // A store that fails is no reason not to fetch.
      return null;
    }
  }

  async #download(
    algorithm: ChecksumAlgorithm,
    hex: string,
    checksum: string,
    abort: AbortController,
  ): Promise<Archive> {
    const { base, clock, store } = this.#deps;
    const url = new URL(`gateway/archive/${algorithm}/${hex}`, base).href;
    const { bytes, digests } = await downloadArchive({ ...this.#deps, url, checksum, abort });
    if (digests[algorithm] !== hex) throw new MirrorError("archive-mismatch", { checksum, source: url });
    const { md5, sha256, sha512 } = digests;
    if (this.#sha256.size >= rememberedChecksums) this.#sha256.clear();
    this.#sha256.set(`md5=${md5}`, sha256).set(`sha512=${sha512}`, sha256);
    const now = clock.wall();
    const record = { schema: schemaVersion, sha256, md5, sha512, size: bytes.size, type: bytes.type };
    // Without room the verified bytes are answered all the same.
    try {
      const writer = store.archiveWriter();
      for (let at = 0; at < bytes.size; at += pieceBytes)
        await writer.write(new Uint8Array(await bytes.slice(at, at + pieceBytes).arrayBuffer()));
      await writer.commit({ ...record, urls: [url], lastUse: now, pinned: false, verifiedAt: now });
    } catch {}
    return { bytes, sha256, source: "upstream" };
  }
}

function aborted(checksum: string): MirrorError {
  return new MirrorError("aborted", { what: `The download of ${checksum}` });
}
