import { Readable } from "node:stream";
import { MirrorError } from "../core/errors.ts";
import type { Fetch } from "../sync/host.ts";
import type { GitShape } from "./git-routes.ts";
import { type GitRequest, type GitSource, gitHeaders } from "./git-source.ts";
import type { GitExchange } from "./options.ts";
import { problem } from "./problem.ts";

/** Base of the addresses below; no request ever leaves the process for it. */
export const inProcessBase = "http://gateway.invalid/";

const requests = ["info/refs", "git-upload-pack"] as const;

/** The engine's way to the same Git that browsers reach at `git/<repository>`, without a socket of our own in between. */
export function gitFetch(sources: ReadonlyMap<string, GitSource>, shape: GitShape): Fetch {
  return async (address, init = {}) => {
    const { pathname } = new URL(address);
    const exchange = exchangeOf(pathname);
    const source = exchange === null ? undefined : sources.get(exchange.repository);
    if (exchange === null || source === undefined)
      return problem(new MirrorError("unknown-repository", { name: pathname }));
    const given = new Headers(init.headers);
    const headers: { [name in (typeof gitHeaders)[number]]?: string } = {};
    for (const name of gitHeaders) {
      const value = given.get(name);
      if (value !== null) headers[name] = value;
    }
    const body =
      init.body === undefined || init.body === null ? null : Buffer.from(await new Response(init.body).arrayBuffer());
    const signal = init.signal ?? new AbortController().signal;
    const request: GitRequest = {
      exchange,
      headers,
      body: body && Readable.from([body], { objectMode: false }),
      length: body === null ? null : body.length,
      signal,
    };
    const found = await source.ask(request);
    if (found instanceof Response) return found;
    return new Response(streamOf(shape(exchange, found.body), signal), { headers: { ...found.headers } });
  };
}

function exchangeOf(pathname: string): GitExchange | null {
  for (const request of requests) {
    const match = /^\/git\/([^/]+)\/(.+)$/.exec(pathname);
    if (match?.[2] === request) return { repository: match[1]!, request };
  }
  return null;
}

/** The body as it is read; an abort breaks it at once, as it breaks a fetch. */
function streamOf(body: Readable, signal: AbortSignal): ReadableStream<Uint8Array> {
  // The iterator listens from its first step on: an abort before that would end the process. It throws the failure all the same.
  body.on("error", () => {});
  const iterator = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const abort = () => body.destroy(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  body.once("close", () => signal.removeEventListener("abort", abort));
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => void body.destroy(),
    },
    { highWaterMark: 0 },
  );
}
