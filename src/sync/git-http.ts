import type { GitHttpRequest, GitHttpResponse, HttpClient } from "isomorphic-git";
import { type ErrorCode, type ErrorData, MirrorError } from "../core/errors.ts";
import { checkAnswer } from "./discovery-answer.ts";
import type { Fetch } from "./host.ts";

/** A request that is expected to follow the first one, and is sent along with it. */
export interface Expected {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

interface Answer {
  readonly response: Response;
  readonly answer: Uint8Array<ArrayBuffer>;
}

/**
 * isomorphic-git's `http` parameter over an injected fetch, for the small exchanges of discovery. It asks for the refs once it has
 * looked at the capabilities, which nearly always say what they said before: both are asked for at once, and an answer that nobody
 * asks for in the end is dropped.
 */
export function gitHttpClient(fetch: Fetch, remote: string, signal: AbortSignal, expected: Expected): HttpClient {
  const exchange = async (url: string, init: RequestInit): Promise<Answer> => {
    const whole = { ...init, signal, credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" } as const;
    const response = await request(fetch, url, whole, remote);
    return { response, answer: await limitedBody(response, remote) };
  };
  let ahead: Promise<Answer | null> | null = null;
  return {
    async request({ url, method = "GET", headers = {}, body }: GitHttpRequest): Promise<GitHttpResponse> {
      ahead ??= exchange(expected.url, {
        method: "POST",
        headers: expected.headers,
        body: expected.body,
      }).catch(() => null);
      const init: RequestInit = { method, headers };
      if (body !== undefined) init.body = await collect(body);
      // What went wrong with it is found by asking again, now that somebody wants to know.
      const early = isExpected(expected, url, init) ? await ahead : null;
      const { response, answer } = early?.response.status === 200 ? early : await exchange(url, init);
      if (response.status === 200) checkAnswer(answer, response.headers.get("content-type") ?? "", method, remote);
      return {
        url: response.url,
        method,
        statusCode: response.status,
        statusMessage: response.statusText,
        headers: Object.fromEntries(response.headers.entries()),
        body: oneChunk(answer),
      };
    },
  };
}

function isExpected(expected: Expected, url: string, { headers, body }: RequestInit): boolean {
  if (url !== expected.url || !(body instanceof Uint8Array) || body.length !== expected.body.length) return false;
  const lines = (of: HeadersInit | undefined) => JSON.stringify([...new Headers(of).entries()]);
  return lines(headers) === lines(expected.headers) && body.every((byte, at) => byte === expected.body[at]);
}

/** Sends a request; what goes wrong on the way is `remote-unreachable`. A gateway's own problem is rethrown as what it says it is. */
export async function request(fetch: Fetch, url: string, init: RequestInit, remote: string): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (thrown) {
    init.signal?.throwIfAborted();
    throw new MirrorError("remote-unreachable", { remote, reason: "the connection failed" }, thrown);
  }
  if (response.headers.get("content-type")?.startsWith("application/problem+json"))
    throw await problem(response, remote);
  return response;
}

/** Discovery by protocol v2 is a few hundred bytes; a thousand branches are a few hundred kilobytes. */
const answerLimit = 2 << 20;

async function limitedBody(response: Response, remote: string): Promise<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  while (reader !== undefined) {
    const { value, done } = await reader.read().catch((thrown: unknown) => {
      throw new MirrorError("remote-unreachable", { remote, reason: "the connection broke" }, thrown);
    });
    if (done) break;
    size += value.length;
    parts.push(value);
    if (size > answerLimit) {
      void reader.cancel().catch(() => undefined);
      throw new MirrorError("protocol-broken", {
        remote,
        reason: `its list of refs is longer than ${answerLimit} bytes`,
      });
    }
  }
  return joined(parts);
}

async function problem(response: Response, remote: string): Promise<MirrorError> {
  const fallback = () => statusError(remote, response.status, response.headers.get("retry-after"));
  try {
    const { code, data } = (await response.json()) as { code?: unknown; data?: unknown };
    const known: readonly ErrorCode[] = [
      "remote-unreachable",
      "remote-status",
      "remote-auth",
      "remote-not-git",
      "remote-timeout",
      "unknown-repository",
    ];
    const found = known.find((one) => one === code);
    if (found === undefined || typeof data !== "object" || data === null) return fallback();
    return new MirrorError(found, data as ErrorData[typeof found]);
  } catch {
    return fallback();
  }
}

export function statusError(remote: string, status: number, retryAfter: string | null): MirrorError {
  if (status === 401 || status === 403) return new MirrorError("remote-auth", { remote });
  const seconds = retryAfter !== null && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : null;
  return new MirrorError(
    "remote-status",
    seconds === null ? { remote, status } : { remote, status, retryAfter: seconds },
  );
}

async function collect(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return joined(parts);
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

async function* oneChunk(bytes: Uint8Array): AsyncIterableIterator<Uint8Array> {
  yield bytes;
}
