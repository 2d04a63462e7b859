import type { Clock } from "../../core/cooperation/clock.ts";
import type { Slice } from "../../core/cooperation/slice.ts";
import { type Preview, preview, textLimit } from "../format/preview.ts";

export type ProbeMethod = "GET" | "HEAD";

export interface ProbeAnswer {
  readonly method: ProbeMethod;
  /** The address that answered, after redirects. */
  readonly url: string;
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** `X-Opam-Source`, or null when the answer did not come from the mirror. */
  readonly source: string | null;
  /** Until the headers, and until the last byte, in milliseconds. */
  readonly headersMs: number;
  readonly totalMs: number;
  /** Bytes of the body that arrived. */
  readonly size: number;
  readonly preview: Preview;
}

export interface ProbeHost {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly clock: Clock;
  readonly slice: Slice;
}

/**
 * Asks for one address and reads all of the answer, keeping only its head, so that a large archive costs no memory.
 * Throws what `fetch` and the body's stream throw.
 */
export async function probe(
  url: string,
  method: ProbeMethod,
  host: ProbeHost,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  const started = host.clock.now();
  const response = await host.fetch(url, { method, signal, cache: "no-store" });
  const headersMs = host.clock.now() - started;
  const head = new Uint8Array(textLimit);
  let size = 0;
  const reader = response.body?.getReader();
  if (reader !== undefined) {
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      if (size < textLimit) head.set(piece.value.subarray(0, textLimit - size), size);
      size += piece.value.length;
      if (host.slice.due()) await host.slice.pause();
    }
  }
  return {
    method,
    url: response.url === "" ? url : response.url,
    status: response.status,
    statusText: response.statusText === "" ? (reasons.get(response.status) ?? "") : response.statusText,
    headers: [...response.headers],
    source: response.headers.get("X-Opam-Source"),
    headersMs,
    totalMs: host.clock.now() - started,
    size,
    preview: preview(head.subarray(0, Math.min(size, textLimit))),
  };
}

/** HTTP/2, and many service workers, leave the reason phrase empty (RFC 9110 §15 names them). */
const reasons: ReadonlyMap<number, string> = new Map([
  [200, "OK"],
  [202, "Accepted"],
  [204, "No Content"],
  [206, "Partial Content"],
  [304, "Not Modified"],
  [400, "Bad Request"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [416, "Range Not Satisfiable"],
  [500, "Internal Server Error"],
  [502, "Bad Gateway"],
  [503, "Service Unavailable"],
  [504, "Gateway Timeout"],
]);

/** What a failed request means, in words: `fetch` itself says only that it failed. */
export function failureInWords(thrown: unknown, online: boolean): string {
  if (thrown instanceof DOMException && thrown.name === "AbortError")
    return "Stopped. Part of the answer may have arrived.";
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return online
    ? `No answer: the connection failed or broke (${reason}). Check that the server runs, or reload the page so that the service worker answers.`
    : `No answer: you are offline, and nothing on this machine answers this address (${reason}). Reload the page so that the service worker answers.`;
}
