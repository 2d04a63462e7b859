import { asMirrorError, MirrorError } from "../core/errors.ts";
import type { Checksum, ChecksumAlgorithm } from "../core/opam/checksum.ts";
import { schemaVersion } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import { ArchiveBuffer } from "./archive-buffer.ts";
import type { KnownArchive } from "./archive-catalog.ts";
import { type ArchiveDownloadDeps, downloadArchive } from "./archive-download.ts";
import { type ArchivePlace, archivePlaces } from "./archive-places.ts";
import { Arrival } from "./arrival.ts";
import type { Archive } from "./ports.ts";
import { isAsked, type StoredArchives, wholeBytes } from "./stored-archives.ts";

/** A whole download, from all places. Milliseconds. */
const totalMs = 600_000;

export interface ArchiveJobDeps extends ArchiveDownloadDeps {
  readonly store: Pick<Store, "archiveWriter">;
  /** See ArrivalDeps. */
  readonly reuseChunks?: boolean;
  /** Makes room for so many bytes, if it can. */
  readonly makeRoom?: (bytes: number) => Promise<boolean>;
  /** An archive was stored. */
  readonly kept?: () => void;
  readonly stored: StoredArchives;
  /** A place sent something else than the archive. */
  readonly mismatched: (checksum: string, place: string) => void;
}

/** One search for an archive, in the store and then from place to place, for all who wait for it. It ends when nobody does any more. */
export class ArchiveJob {
  readonly checksum: string;
  /** The whole archive, verified. */
  readonly whole: Promise<Archive>;
  readonly #deps: ArchiveJobDeps;
  readonly #asked: Checksum;
  readonly #known: KnownArchive | null;
  readonly #abort = new AbortController();
  #waiting = 0;
  #arriving: PromiseWithResolvers = promiseWithResolvers();

  constructor(deps: ArchiveJobDeps, asked: Checksum, known: KnownArchive | null) {
    this.#deps = deps;
    this.#asked = asked;
    this.#known = known;
    this.checksum = `${asked.algorithm}=${asked.hex}`;
    this.whole = this.#run().finally(() => this.#abort.abort());
    this.whole.catch(() => undefined);
  }

  /** `listener` is called when the job has ended, or nobody waits for it any more. */
  onAbort(listener: () => void): void {
    this.#abort.signal.addEventListener("abort", listener, { once: true });
  }

  /**
   * The archive for one who waits: whole, or with `mayStream` as soon as it turns out to be a large one that arrives. Throws
   * `archive-unavailable`, `archive-mismatch`, `aborted`.
   */
  async join(signal: AbortSignal, mayStream: boolean): Promise<Archive> {
    const leave = this.#enter();
    const aborted = new Promise<never>((_, reject) => {
      if (signal.aborted) reject(cancelled(this.checksum));
      signal.addEventListener("abort", () => reject(cancelled(this.checksum)), { once: true });
    });
    try {
      const arriving = mayStream ? [this.#arriving.promise] : [];
      const first = await Promise.race([this.whole, aborted, ...arriving]);
      if (!(first instanceof Arrival)) {
        leave();
        return first;
      }
      // Who reads the stream waits until its end.
      return { sha256: this.#listedSha256(), source: "upstream", body: first.body(leave) };
    } catch (thrown) {
      leave();
      throw thrown;
    }
  }

  /** The archive is of use to somebody, until the returned function is called. */
  #enter(): () => void {
    this.#waiting++;
    let entered = true;
    return () => {
      if (!entered) return;
      entered = false;
      if (--this.#waiting === 0) this.#abort.abort(cancelled(this.checksum));
    };
  }

  async #run(): Promise<Archive> {
    const { clock, stored } = this.#deps;
    const found = await stored.find(this.#asked, this.#known);
    if (found !== null) return found;
    const { signal } = this.#abort;
    const tooLong = new MirrorError("archive-unavailable", {
      checksum: this.checksum,
      tried: [`all places (it took longer than ${totalMs / 1000} s)`],
    });
    void clock.sleep(totalMs, signal).then(
      () => this.#abort.abort(tooLong),
      () => undefined,
    );
    const tried: string[] = [];
    let mismatch: MirrorError | null = null;
    for (const place of archivePlaces(this.#deps.base, this.#asked, this.#known)) {
      try {
        return await this.#fetch(place);
      } catch (thrown) {
        if (signal.aborted) throw asMirrorError(signal.reason);
        const error = asMirrorError(thrown);
        if (error.code === "archive-mismatch") {
          mismatch = error;
          this.#deps.mismatched(this.checksum, place.name);
          tried.push(`${place.name} (it sent something else)`);
        } else if (error.code === "archive-unavailable") tried.push(...(error.data as { tried: string[] }).tried);
        else tried.push(`${place.name} (${error.message})`);
      }
    }
    if (mismatch !== null && tried.length === 1) throw mismatch;
    throw new MirrorError("archive-unavailable", { checksum: this.checksum, tried });
  }

  async #fetch(place: ArchivePlace): Promise<Archive> {
    const { store, makeRoom } = this.#deps;
    const buffer = new ArchiveBuffer(store.archiveWriter(makeRoom), this.#deps.slice());
    const { clock, reuseChunks = false } = this.#deps;
    const large = () => this.#arriving.resolve(arrival);
    const arrival = new Arrival(buffer, { clock, wholeBytes, reuseChunks, large });
    try {
      const digests = await downloadArchive(this.#deps, place, this.checksum, arrival, this.#abort.signal);
      if (!isAsked(digests, this.#asked, this.#known)) {
        throw new MirrorError("archive-mismatch", { checksum: this.checksum, source: place.name });
      }
      return await this.#keep(place, arrival, buffer, digests);
    } catch (thrown) {
      arrival.fail(asMirrorError(thrown));
      // Who comes later must not wait for what has failed.
      if (arrival.isLarge) this.#arriving = promiseWithResolvers();
      await buffer.abort();
      throw thrown;
    }
  }

  /** Without room in the store the verified bytes are answered all the same. */
  async #keep(
    { url }: ArchivePlace,
    arrival: Arrival,
    buffer: ArchiveBuffer,
    digests: Readonly<Record<ChecksumAlgorithm, string>>,
  ): Promise<Archive> {
    const now = this.#deps.clock.wall();
    const record = {
      ...digests,
      schema: schemaVersion,
      size: buffer.size,
      type: "application/octet-stream",
      urls: [url],
      lastUse: now,
      pinned: false,
      verifiedAt: now,
    };
    const kept = await buffer.commit(record);
    arrival.verified();
    if (kept) this.#deps.kept?.();
    const body = arrival.whole() ?? (kept ? (await this.#deps.stored.find(this.#asked, this.#known))?.body : undefined);
    return { sha256: digests.sha256, source: "upstream", body: body ?? arrival.body(() => undefined) };
  }

  #listedSha256(): string | null {
    if (this.#asked.algorithm === "sha256") return this.#asked.hex;
    const listed = this.#known?.alternatives.map((list) => list.find(({ algorithm }) => algorithm === "sha256")?.hex);
    const [first, ...others] = listed ?? [];
    return first !== undefined && others.every((other) => other === first) ? first : null;
  }
}

interface PromiseWithResolvers {
  readonly promise: Promise<Arrival>;
  readonly resolve: (arrival: Arrival) => void;
}

function promiseWithResolvers(): PromiseWithResolvers {
  let resolve = (_: Arrival): void => undefined;
  const promise = new Promise<Arrival>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

export function cancelled(checksum: string): MirrorError {
  return new MirrorError("aborted", { what: `The download of ${checksum}` });
}
