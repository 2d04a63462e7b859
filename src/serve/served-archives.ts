import { MirrorError } from "../core/errors.ts";
import type { Checksum, ChecksumAlgorithm } from "../core/opam/checksum.ts";
import type { Store } from "../store/store.ts";
import type { ArchiveCatalog, KnownArchive } from "./archive-catalog.ts";
import type { ArchiveDownloadDeps } from "./archive-download.ts";
import { ArchiveHosts } from "./archive-hosts.ts";
import { ArchiveJob, cancelled } from "./archive-job.ts";
import type { Archive, Archives, ArchivesReport } from "./ports.ts";
import { isAsked, StoredArchives } from "./stored-archives.ts";

/** Failed checksums and mismatches shown in `status`, the newest. */
const shown = 50;

export interface ServedArchivesDeps extends Omit<ArchiveDownloadDeps, "hosts"> {
  readonly store: Pick<Store, "archive" | "archivesWith" | "archiveWriter" | "changeArchive" | "note" | "saveNote">;
  /** Whether archives of which only an md5 is known are refused for that repository. Left out: for none. */
  readonly isStrict?: (repository: string) => Promise<boolean>;
  /** What opam files list; null lists nothing: then an archive must match what it is asked by. */
  readonly catalog: Pick<ArchiveCatalog, "sourcesOf" | "ownFile"> | null;
  /** Whoever reads a body has taken what is in a chunk before he asks for the next: chunks may be one buffer. Default false. */
  readonly reuseChunks?: boolean;
  /** An archive was stored. */
  readonly kept?: () => void;
  /** Makes room in the store for so many bytes, if it can. */
  readonly makeRoom?: (bytes: number) => Promise<boolean>;
}

/** Archives from the store, else from where they may be had. Nothing is believed; identical requests share one download. */
export class ServedArchives implements Archives {
  readonly #deps: ServedArchivesDeps;
  readonly #stored: StoredArchives;
  readonly #hosts: ArchiveHosts;
  readonly #jobs = new Map<string, ArchiveJob>();
  readonly #failed = new Set<string>();
  readonly #mismatched = new Map<string, { readonly checksum: string; readonly place: string }>();

  constructor(deps: ServedArchivesDeps) {
    this.#deps = deps;
    this.#stored = new StoredArchives(deps);
    this.#hosts = new ArchiveHosts(deps);
  }

  async again(repository: string, asked: Checksum): Promise<Archive | null> {
    const reading = this.#stored.again(asked);
    if (reading === null) return null;
    const known = (await this.#deps.catalog?.sourcesOf(repository, asked)) ?? null;
    // Whatever else than bytes and checksums decides is asked by `get`.
    if (known === null ? asked.algorithm === "md5" : known.weak || known.files !== undefined) return null;
    const body = isAsked(reading.record, asked, known) ? await reading.bytes : null;
    return body === null ? null : { body, sha256: reading.record.sha256, source: "store" };
  }

  async get(
    repository: string,
    algorithm: ChecksumAlgorithm,
    hex: string,
    signal: AbortSignal,
    mayStream: boolean = false,
  ): Promise<Archive> {
    const asked = { algorithm, hex };
    if (signal.aborted) throw cancelled(`${algorithm}=${hex}`);
    const known = (await this.#deps.catalog?.sourcesOf(repository, asked)) ?? null;
    const own = known?.files === undefined ? null : await this.#deps.catalog?.ownFile(repository, asked, known);
    if (own) return { body: own.bytes, sha256: own.sha256, source: "snapshot" };
    // Rarely asked: few archives have nothing but an md5.
    if ((known === null ? algorithm === "md5" : known.weak) && (await this.#deps.isStrict?.(repository))) {
      throw new MirrorError("forbidden", {
        reason: `nothing stronger than ${algorithm}=${hex} is known of this archive`,
      });
    }
    // What must match the same is the same, whichever of its checksums it is asked by.
    const key = known === null ? `${algorithm}=${hex}` : JSON.stringify(known.alternatives);
    const job = this.#jobs.get(key) ?? this.#start(key, asked, known);
    return job.join(signal, mayStream);
  }

  report(): ArchivesReport {
    return {
      active: [...this.#jobs.values()].map(({ checksum }) => checksum),
      failed: [...this.#failed],
      mismatched: [...this.#mismatched.values()],
    };
  }

  #start(key: string, asked: Checksum, known: KnownArchive | null): ArchiveJob {
    const mismatched = (checksum: string, place: string) => {
      this.#mismatched.delete(`${checksum} ${place}`);
      this.#mismatched.set(`${checksum} ${place}`, { checksum, place });
      for (const oldest of [...this.#mismatched.keys()].slice(0, -shown)) this.#mismatched.delete(oldest);
    };
    const job = new ArchiveJob({ ...this.#deps, stored: this.#stored, hosts: this.#hosts, mismatched }, asked, known);
    this.#jobs.set(key, job);
    const { checksum } = job;
    const ended = () => {
      if (this.#jobs.get(key) === job) this.#jobs.delete(key);
    };
    // An aborted job must not catch later requests.
    job.onAbort(ended);
    job.whole.then(
      () => this.#failed.delete(checksum),
      (thrown: unknown) => {
        if (thrown instanceof MirrorError && thrown.code === "aborted") return;
        this.#failed.delete(checksum);
        this.#failed.add(checksum);
        for (const oldest of [...this.#failed].slice(0, -shown)) this.#failed.delete(oldest);
      },
    );
    return job;
  }
}
