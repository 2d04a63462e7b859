import type { Clock } from "../core/cooperation/clock.ts";
import type { Slice } from "../core/cooperation/slice.ts";
import { asMirrorError, MirrorError } from "../core/errors.ts";
import { isArchive } from "../core/opam/archive-sources.ts";
import { Digests } from "../serve/blob-digest.ts";
import { within } from "../serve/deadline.ts";
import { evict } from "../store/eviction.ts";
import { schemaVersion } from "../store/records.ts";
import type { Store } from "../store/store.ts";
import type { KeeperHost } from "../sync/keeper.ts";
import type { WantedArchive } from "../sync/wanted-archives.ts";

/** The gateway has the whole archive, and has verified it, before it sends the first byte. */
const firstByteMs = 120_000;
const idleMs = 30_000;

export interface KeptDownloadHost {
  /** URL of the scope, ending in `/`. */
  readonly base: string;
  readonly fetch: typeof fetch;
  readonly store: Store;
  readonly clock: Clock;
  readonly slice: () => Slice;
  /** Largest archive, in bytes. */
  readonly archiveBytes: number;
}

/** Fetches archives from the gateway by checksum, into the store while they arrive. They are archives of it once all their digests match. */
export function keptDownload(host: KeptDownloadHost): KeeperHost["download"] {
  return async (item, progress, signal) => (await stored(host.store, item)) ?? fetched(host, item, progress, signal);
}

async function fetched(
  { base, fetch: fetcher, store, clock, slice, archiveBytes }: KeptDownloadHost,
  item: WantedArchive,
  progress: (bytes: number, totalBytes: number | null) => void,
  signal: AbortSignal,
): Promise<{ readonly sha256: string; readonly size: number }> {
  // Given up while the store was asked: no event tells of it any more.
  signal.throwIfAborted();
  const { algorithm, hex } = item.checksum;
  const url = new URL(`gateway/archive/${algorithm}/${hex}`, base).href;
  const unavailable = (tried: string[]) => new MirrorError("archive-unavailable", { checksum: item.key, tried });
  const abort = new AbortController();
  const stop = () => abort.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const late = (ms: number) => () => {
    throw unavailable([`${url} (nothing came for ${ms / 1000} s)`]);
  };
  const makeRoom = async (bytes: number) => (await evict(store, bytes)) > 0;
  const writer = store.archiveWriter(makeRoom);
  try {
    const asked = fetcher(url, { signal: abort.signal, redirect: "error", cache: "no-store" });
    const response = await within(clock, firstByteMs, asked, late(firstByteMs));
    if (response.status !== 200 || response.body === null) {
      throw unavailable(await within(clock, idleMs, whatWasTried(response, url), late(idleMs)));
    }
    const total = Number(response.headers.get("content-length") ?? 0) || null;
    const digests = await Digests.create(["md5", "sha256", "sha512"], slice());
    const reader = response.body.getReader();
    let size = 0;
    for (;;) {
      const { done, value } = await within(clock, idleMs, reader.read(), late(idleMs));
      if (done) break;
      size += value.length;
      if (size > archiveBytes) throw unavailable([`${url} (larger than ${archiveBytes} bytes)`]);
      await digests.update(value);
      await writer.write(value);
      progress(size, total);
    }
    const { md5, sha256, sha512 } = digests.finish();
    if (!isArchive(item, { md5, sha256, sha512 })) {
      throw new MirrorError("archive-mismatch", { checksum: item.key, source: url });
    }
    signal.throwIfAborted();
    const now = clock.wall();
    const known = { schema: schemaVersion, sha256, md5, sha512, size, type: "application/octet-stream", urls: [url] };
    await writer.commit({ ...known, lastUse: now, pinned: true, verifiedAt: now });
    return { sha256, size };
  } catch (thrown) {
    await writer.abort();
    if (signal.aborted) throw asMirrorError(signal.reason);
    // What is still under way is not waited for.
    abort.abort(thrown);
    throw thrown instanceof MirrorError ? thrown : unavailable([`${url} (${asMirrorError(thrown).message})`]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** What came into the store since it was looked for, or is in it under another checksum. */
async function stored(
  store: Store,
  { alternatives, checksum: { algorithm, hex } }: WantedArchive,
): Promise<{ readonly sha256: string; readonly size: number } | null> {
  const listed = alternatives.flat().find((checksum) => checksum.algorithm === "sha256")?.hex;
  const [sha256, other] =
    listed !== undefined
      ? [listed]
      : algorithm === "sha256"
        ? [hex]
        : await store.archivesWith(algorithm, hex).catch(() => []);
  if (sha256 === undefined || other !== undefined) return null;
  const record = (await store.archive(sha256).catch(() => undefined))?.record;
  return record !== undefined && isArchive({ alternatives, urls: [], weak: false }, record) ? record : null;
}

/** The sources the gateway names in its problem+json, else its status. */
async function whatWasTried(response: Response, url: string): Promise<string[]> {
  const said: unknown = await response.json().catch(() => null);
  const tried = (said as { data?: { tried?: unknown } } | null)?.data?.tried;
  if (Array.isArray(tried)) return tried.filter((item) => typeof item === "string").slice(0, 20);
  return [`${url} (HTTP status ${response.status})`];
}
