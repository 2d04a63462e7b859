import { within } from "../core/cooperation/deadline.ts";
import { MirrorError } from "../core/errors.ts";
import type { Checksum } from "../core/opam/checksum.ts";
import type { Archive, Archives, HandlerDeps } from "./ports.ts";
import type { Entity } from "./respond.ts";

/** Milliseconds for which the gateway remembers that an archive could not be had: opam asks again and again. */
const negativeMs = 60_000;
const negativeEntries = 1_000;

/** Entities of archives named by a checksum. */
export class ArchiveFiles {
  readonly #deps: HandlerDeps;
  readonly #missing = new Map<string, number>();

  constructor(deps: HandlerDeps) {
    this.#deps = deps;
  }

  /** Throws `archive-unavailable`, `archive-mismatch`, `aborted`. */
  async entity(request: Request, repository: string, asked: Checksum, deadlineMs: number): Promise<Entity> {
    const { algorithm, hex } = asked;
    const checksum = `${algorithm}=${hex}`;
    const missed = `${repository} ${checksum}`;
    const { archives, clock, host } = this.#deps;
    if (host === "gateway" && (this.#missing.get(missed) ?? 0) > clock.now()) throw unavailable(checksum);
    if (archives === null) throw unavailable(checksum);
    try {
      const archive =
        (await archives.again?.(repository, asked)) ??
        (await this.#get(archives, request, repository, asked, deadlineMs));
      if (archive === null) throw unavailable(checksum);
      return {
        path: `cache/${algorithm}/${hex.slice(0, 2)}/${hex}`,
        etag: archive.sha256 === null ? null : `"${archive.sha256}"`,
        lastModified: null,
        type: "application/octet-stream",
        source: archive.source,
        immutable: true,
        body: async () => archive.body,
      };
    } catch (thrown) {
      if (thrown instanceof MirrorError && thrown.code.startsWith("archive-")) this.#remember(missed);
      throw thrown;
    }
  }

  async #get(
    archives: Archives,
    request: Request,
    repository: string,
    { algorithm, hex }: Checksum,
    deadlineMs: number,
  ): Promise<Archive | null> {
    const { signal } = request;
    const abort = new AbortController();
    const stop = () => abort.abort(new MirrorError("aborted", { what: `The download of ${algorithm}=${hex}` }));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    try {
      const asked = archives.get(repository, algorithm, hex, abort.signal, isPlain(request));
      return await within(this.#deps.clock, deadlineMs, asked, () => null);
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
    }
  }

  #remember(missed: string): void {
    if (this.#missing.size >= negativeEntries) this.#missing.clear();
    this.#missing.set(missed, this.#deps.clock.now() + negativeMs);
  }
}

/** Whether the request wants all bytes, whatever they are: what is not known before the end would decide the answer to others. */
function isPlain({ method, headers }: Request): boolean {
  const conditions = ["range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];
  return method === "GET" && !conditions.some((name) => headers.has(name));
}

function unavailable(checksum: string): MirrorError {
  return new MirrorError("archive-unavailable", { checksum, tried: [] });
}
