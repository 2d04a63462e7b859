import type { Clock } from "../core/cooperation/clock.ts";
import type { Slice } from "../core/cooperation/slice.ts";
import { asMirrorError, MirrorError } from "../core/errors.ts";
import type { ChecksumAlgorithm } from "../core/opam/checksum.ts";
import { Digests } from "./blob-digest.ts";
import { within } from "./deadline.ts";

/** Milliseconds to the first byte, and between two pieces. */
const idleMs = 15_000;
/** Largest part that is copied into a Blob in one step. */
const partBytes = 1024 * 1024;

export interface ArchiveDownload {
  readonly url: string;
  /** As opam writes it, for messages. */
  readonly checksum: string;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly slice: () => Slice;
  readonly archiveBytes: number;
  readonly abort: AbortController;
}

/**
 * The bytes behind a URL with their digests, not compared with anything yet. Throws `archive-unavailable` (with what was
 * tried, where the gateway told) and the reason of `abort`.
 */
export async function downloadArchive(
  download: ArchiveDownload,
): Promise<{ readonly bytes: Blob; readonly digests: Readonly<Record<ChecksumAlgorithm, string>> }> {
  const { abort, clock, checksum, url } = download;
  const unavailable = (tried: string[]) => new MirrorError("archive-unavailable", { checksum, tried });
  const late = () => {
    throw unavailable([`${url} (nothing came for ${idleMs / 1000} s)`]);
  };
  const fetcher = download.fetch;
  try {
    const fetched = fetcher(url, { signal: abort.signal, redirect: "error", cache: "no-store" });
    const response = await within(clock, idleMs, fetched, late);
    if (response.status !== 200 || response.body === null) {
      throw unavailable(await within(clock, idleMs, whatWasTried(response, url), late));
    }
    const reader = response.body.getReader();
    const digests = await Digests.create(["md5", "sha256", "sha512"], download.slice());
    const parts: Blob[] = [];
    let pending: Uint8Array<ArrayBuffer>[] = [];
    let pendingBytes = 0;
    let total = 0;
    for (;;) {
      const { done, value } = await within(clock, idleMs, reader.read(), late);
      if (done) break;
      total += value.length;
      if (total > download.archiveBytes) throw unavailable([`${url} (larger than ${download.archiveBytes} bytes)`]);
      await digests.update(value);
      pending.push(value as Uint8Array<ArrayBuffer>);
      pendingBytes += value.length;
      if (pendingBytes >= partBytes) {
        parts.push(new Blob(pending));
        pending = [];
        pendingBytes = 0;
      }
    }
    parts.push(new Blob(pending));
    return { bytes: new Blob(parts, { type: "application/octet-stream" }), digests: digests.finish() };
  } catch (thrown) {
    if (abort.signal.aborted) throw asMirrorError(abort.signal.reason);
    abort.abort(thrown);
    throw thrown instanceof MirrorError ? thrown : unavailable([`${url} (${asMirrorError(thrown).message})`]);
  }
}

/** The sources the gateway names in its problem+json, else its status. */
async function whatWasTried(response: Response, url: string): Promise<string[]> {
  const said: unknown = await response.json().catch(() => null);
  const tried = (said as { data?: { tried?: unknown } } | null)?.data?.tried;
  if (Array.isArray(tried)) return tried.filter((item) => typeof item === "string").slice(0, 20);
  return [`${url} (HTTP status ${response.status})`];
}
