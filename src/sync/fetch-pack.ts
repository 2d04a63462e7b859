import type { Slice } from "../core/cooperation/slice.ts";
import { MirrorError } from "../core/errors.ts";
import { encodeFetchRequest } from "../core/git/fetch-request.ts";
import { type FetchResult, readFetchResponse } from "../core/git/fetch-response.ts";
import { PktLineReader } from "../core/git/pkt-line.ts";
import type { Remote } from "./discover.ts";
import { request, statusError } from "./git-http.ts";
import { defaultGitDeadlines, type SyncHost } from "./host.ts";

export interface Wanted {
  readonly commit: string;
  /** Commit of the snapshot at hand, whose tree is complete; null for the first fetch. */
  readonly have: string | null;
}

export interface PackSink {
  /** Takes pack bytes in order; a pending promise holds the network back. */
  pack(bytes: Uint8Array): Promise<void>;
  progress(text: string): void;
}

export const agent = "opam-web-mirror/0.1";

/**
 * Fetches a pack by protocol v2 (Git documentation, gitprotocol-v2, "fetch") and passes it on while it arrives.
 * Throws `remote-*`, `protocol-broken`, `pack-truncated`.
 */
export async function fetchPack(
  host: SyncHost,
  remote: Remote,
  wanted: Wanted,
  sink: PackSink,
  slice: Slice,
  signal: AbortSignal,
): Promise<FetchResult> {
  const watch = new Watchdog(host, remote, signal);
  try {
    const response = await post(host, remote, wanted, watch.signal);
    const reader = response.body?.getReader();
    if (reader === undefined)
      throw new MirrorError("protocol-broken", { remote: remote.shown, reason: "the answer is empty" });
    const packets = new PktLineReader(async () => {
      watch.waiting(true);
      const { value, done } = await reader.read().catch((thrown: unknown) => {
        watch.signal.throwIfAborted();
        throw new MirrorError("remote-unreachable", { remote: remote.shown, reason: "the connection broke" }, thrown);
      });
      watch.waiting(false);
      return done ? undefined : value;
    });
    try {
      return await readFetchResponse(packets, remote.shown, sink, slice);
    } catch (thrown) {
      // Stops the transfer; that the stream may be broken already is why the outcome does not matter.
      void reader.cancel().catch(() => undefined);
      throw thrown;
    }
  } finally {
    watch.stop();
  }
}

async function post(host: SyncHost, remote: Remote, wanted: Wanted, signal: AbortSignal): Promise<Response> {
  const known = wanted.have === null ? [] : [wanted.have];
  const body = encodeFetchRequest({ agent, wants: [wanted.commit], haves: known, shallow: known, depth: 1 });
  const headers: Record<string, string> = {
    "content-type": "application/x-git-upload-pack-request",
    accept: "application/x-git-upload-pack-result",
    "git-protocol": "version=2",
  };
  const send = () =>
    request(
      host.fetch,
      `${remote.url}/git-upload-pack`,
      { method: "POST", headers, body, signal, credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" },
      remote.shown,
    );
  let response = await send();
  if (response.status === 401 && host.credentials !== undefined) {
    const given = await host.credentials(remote.shown);
    if (given !== null) {
      headers.authorization = `Basic ${btoa(`${given.username}:${given.password}`)}`;
      response = await send();
    }
  }
  if (response.status !== 200) throw statusError(remote.shown, response.status, response.headers.get("retry-after"));
  if (response.headers.get("content-type") !== "application/x-git-upload-pack-result") {
    throw new MirrorError("remote-not-git", { remote: remote.shown, reason: "the answer has the wrong content type" });
  }
  return response;
}

/** Aborts an exchange that is silent or takes for ever. Time in which our own side is busy is not silence: only pending reads count. */
class Watchdog {
  readonly #own: AbortController = new AbortController();
  readonly #stopped: AbortController = new AbortController();
  readonly #now: () => number;
  #silentSince: number | null;

  constructor(host: SyncHost, remote: Remote, outer: AbortSignal) {
    this.#now = () => host.clock.now();
    const begun = this.#now();
    this.#silentSince = begun;
    const abort = () => this.#own.abort(outer.reason);
    if (outer.aborted) abort();
    outer.addEventListener("abort", abort, { once: true, signal: this.#stopped.signal });
    const { idle, total } = host.deadlines ?? defaultGitDeadlines;
    const watch = async () => {
      while (!this.#stopped.signal.aborted) {
        await host.clock.sleep(Math.min(1000, idle / 4), this.#stopped.signal);
        const now = host.clock.now();
        const seconds =
          this.#silentSince !== null && now - this.#silentSince > idle
            ? idle / 1000
            : now - begun > total
              ? total / 1000
              : 0;
        if (seconds > 0)
          this.#own.abort(new MirrorError("remote-timeout", { remote: remote.shown, phase: "the transfer", seconds }));
      }
    };
    // Ends by rejection when it is stopped.
    watch().catch(() => undefined);
  }

  get signal(): AbortSignal {
    return this.#own.signal;
  }

  waiting(pending: boolean): void {
    this.#silentSince = pending ? this.#now() : null;
  }

  stop(): void {
    this.#stopped.abort();
  }
}
