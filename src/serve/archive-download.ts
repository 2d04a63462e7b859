import type { Clock } from "../core/cooperation/clock.ts";
import { within } from "../core/cooperation/deadline.ts";
import type { Slice } from "../core/cooperation/slice.ts";
import { asMirrorError, MirrorError } from "../core/errors.ts";
import type { ChecksumAlgorithm } from "../core/opam/checksum.ts";
import { bodyReader } from "../platform/body-reader.ts";
import type { ArchiveHosts } from "./archive-hosts.ts";
import { type ArchivePlace, isMixedContent } from "./archive-places.ts";
import { Digests } from "./blob-digest.ts";

/** Milliseconds to the first byte, and between two pieces. */
const defaultIdleMs = 15_000;
/** As long as a gateway says that it is at work: it gives up one source after ten minutes. */
const gatewayMs = 600_000;

export interface ArchiveDownloadDeps {
  /** URL of the scope, ending in `/`. */
  readonly base: string;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly slice: () => Slice;
  /** Largest archive, in bytes. */
  readonly archiveBytes: number;
  readonly hosts: ArchiveHosts;
  /** Milliseconds to the first byte, and between two pieces. Default: what somebody who waits for an archive can bear. */
  readonly idleMs?: number;
}

export interface ArchiveReceiver {
  /** The size that the source names, where it can be believed to be that of the archive. */
  expect(size: number | null): void;
  /** The array is the caller's again when this has resolved. */
  write(bytes: Uint8Array): Promise<void>;
}

/**
 * Gives the bytes of one place to `receiver`, and resolves with their digests, not compared with anything yet. Throws `archive-unavailable`
 * with what was tried there, and the reason of `abort`.
 */
export async function downloadArchive(
  deps: ArchiveDownloadDeps,
  place: ArchivePlace,
  checksum: string,
  receiver: ArchiveReceiver,
  abort: AbortSignal,
): Promise<Readonly<Record<ChecksumAlgorithm, string>>> {
  const { clock, idleMs = defaultIdleMs } = deps;
  const { name } = place;
  const unavailable = (tried: string[]) => new MirrorError("archive-unavailable", { checksum, tried });
  const late = (): never => {
    throw unavailable([`${name} (nothing came for ${idleMs / 1000} s)`]);
  };
  const gone = new AbortController();
  const leave = () => gone.abort(abort.reason);
  abort.addEventListener("abort", leave, { once: true });
  try {
    abort.throwIfAborted();
    const response = await answered(deps, place, checksum, gone.signal, late);
    if (response.status !== 200 || response.body === null) {
      throw unavailable(await within(clock, idleMs, whatWasTried(response, place), late));
    }
    // Browsers decode what is labelled with Content-Encoding, and then say a length that is not the bodies'.
    const length = Number(response.headers.get("content-length") ?? Number.NaN);
    receiver.expect(place.isGateway && !response.headers.has("content-encoding") && length >= 0 ? length : null);
    const reader = bodyReader(response.body);
    const slice = deps.slice();
    const digests = await Digests.create(["md5", "sha256", "sha512"], slice);
    for (let total = 0; ; ) {
      const value = await within(clock, idleMs, reader.read(), late);
      if (value === null) return digests.finish();
      abort.throwIfAborted();
      total += value.length;
      if (total > deps.archiveBytes) throw unavailable([`${name} (larger than ${deps.archiveBytes} bytes)`]);
      await digests.update(value);
      await receiver.write(value);
      // Reading what is there already lets no event in.
      if (slice.due()) await slice.pause();
    }
  } catch (thrown) {
    if (abort.aborted) throw asMirrorError(abort.reason);
    gone.abort(thrown);
    throw thrown instanceof MirrorError ? thrown : unavailable([`${name} (${asMirrorError(thrown).message})`]);
  } finally {
    abort.removeEventListener("abort", leave);
  }
}

/**
 * The answer of a place. A gateway sends nothing before it has all of an archive and has verified it; it says meanwhile that it is at work,
 * and is asked again as long as somebody waits here.
 */
async function answered(
  deps: ArchiveDownloadDeps,
  place: ArchivePlace,
  checksum: string,
  signal: AbortSignal,
  late: () => never,
): Promise<Response> {
  const { clock, idleMs = defaultIdleMs } = deps;
  const until = clock.now() + gatewayMs;
  for (;;) {
    const response = await within(clock, idleMs, ask(deps, place, checksum, signal), late);
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    const isAtWork = place.isGateway && response.status === 503 && seconds >= 0;
    if (!isAtWork || clock.now() > until) return response;
    await response.body?.cancel();
    await clock.sleep(Math.min(Math.max(seconds, 1), 60) * 1000, signal);
  }
}

/** Throws `archive-unavailable` where a browser may not read. */
async function ask(
  { base, fetch: fetcher, hosts }: ArchiveDownloadDeps,
  { isGateway, name, url }: ArchivePlace,
  checksum: string,
  signal: AbortSignal,
): Promise<Response> {
  if (isGateway) return fetcher(url, { signal, redirect: "error", cache: "no-store" });
  const refusal = (reason: string) =>
    new MirrorError("archive-unavailable", { checksum, tried: [`${name} (${reason})`] });
  if (isMixedContent(base, url)) throw refusal("plain http, which a secure page cannot ask");
  const { host, origin } = new URL(url);
  const refused = () => refusal(`${host} lets no other site read what it sends (CORS); a gateway can`);
  if (await hosts.refuses(origin)) throw refused();
  try {
    return await fetcher(url, {
      signal,
      mode: "cors",
      credentials: "omit",
      redirect: "follow",
      cache: "no-store",
      referrerPolicy: "no-referrer",
    });
  } catch (thrown) {
    if (!signal.aborted && (await hosts.wasRefusal(url, signal))) throw refused();
    throw thrown;
  }
}

/** The sources that the gateway names in its problem+json, else its status. */
async function whatWasTried(response: Response, { isGateway, name }: ArchivePlace): Promise<string[]> {
  const status = [`${name} (HTTP status ${response.status})`];
  if (!isGateway) {
    await response.body?.cancel();
    return status;
  }
  const said: unknown = await response.json().catch(() => null);
  const tried = (said as { data?: { tried?: unknown } } | null)?.data?.tried;
  if (!Array.isArray(tried) || tried.length === 0) return status;
  return tried.filter((item) => typeof item === "string").slice(0, 20);
}
