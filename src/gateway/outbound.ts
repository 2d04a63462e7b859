import * as http from "node:http";
import * as https from "node:https";
import type { Readable } from "node:stream";
import { MirrorError } from "../core/errors.ts";
import { type AddressRule, guardedLookup, refusedUrl } from "./address.ts";

/** An answer whose body is the bytes on the wire: nothing is decoded, so checksums and Content-Encoding stay true. */
export interface OutboundAnswer {
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: http.IncomingMessage;
}

export interface OutboundRequest {
  readonly method?: "GET" | "POST";
  /** Sent as they are; nothing else of a client's request is. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Readable;
  /** Until the head of the answer is there, redirects included. */
  readonly headMs: number;
  /** Silence on the connection. */
  readonly idleMs: number;
  /** 0 refuses redirects with `remote-status`. */
  readonly redirects: number;
  readonly signal?: AbortSignal;
  /** For an address that the operator did not name: it and every redirect are judged by this. */
  readonly rule?: AddressRule;
}

const userAgent = "opam-web-mirror";

/**
 * One request to an address the operator named, or to one that `rule` allows, with its redirects (never from https to http).
 * Throws `remote-unreachable` (also for a refused address), `remote-timeout`, and `remote-status` for a redirect that is not followed.
 */
export async function outbound(address: URL, request: OutboundRequest): Promise<OutboundAnswer> {
  const deadline = performance.now() + request.headMs;
  let url = address;
  for (let left = request.redirects; ; left--) {
    const answer = await send(url, request, deadline);
    const location = answer.headers.location;
    if (answer.status < 300 || answer.status >= 400 || answer.status === 304 || location === undefined) return answer;
    answer.body.resume();
    answer.body.destroy();
    const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
    if (left <= 0 || next === undefined || !allowedStep(url, next)) {
      throw new MirrorError("remote-status", { remote: withoutQuery(address), status: answer.status });
    }
    if (request.rule === undefined) {
      next.username = "";
      next.password = "";
    }
    url = next;
  }
}

function allowedStep(from: URL, to: URL): boolean {
  return to.protocol === "https:" || (to.protocol === "http:" && from.protocol === "http:");
}

function send(url: URL, request: OutboundRequest, deadline: number): Promise<OutboundAnswer> {
  const remote = withoutQuery(url);
  const { rule } = request;
  const refused = rule === undefined ? null : refusedUrl(url, rule);
  if (refused !== null) return Promise.reject(new MirrorError("remote-unreachable", { remote, reason: refused }));
  return new Promise((resolve, reject) => {
    const client = url.protocol === "https:" ? https : http;
    const outgoing = client.request(url, {
      method: request.method ?? "GET",
      headers: { "accept-encoding": "identity", "user-agent": userAgent, ...request.headers },
      agent: false,
      ...(rule === undefined ? {} : { lookup: guardedLookup(url, rule) }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
    const head = setTimeout(
      () =>
        outgoing.destroy(
          new MirrorError("remote-timeout", { remote, phase: "the request", seconds: request.headMs / 1000 }),
        ),
      Math.max(1, deadline - performance.now()),
    );
    // Destroying the request would drop the body's listeners; once there is a body, the failure must arrive through it.
    let failing: http.ClientRequest | http.IncomingMessage = outgoing;
    outgoing.setTimeout(request.idleMs, () =>
      failing.destroy(
        new MirrorError("remote-timeout", { remote, phase: "the transfer", seconds: request.idleMs / 1000 }),
      ),
    );
    outgoing.on("response", (body) => {
      clearTimeout(head);
      failing = body;
      resolve({ url, status: body.statusCode ?? 0, headers: body.headers, body });
    });
    outgoing.on("error", (error) => {
      clearTimeout(head);
      reject(
        error instanceof MirrorError
          ? error
          : new MirrorError("remote-unreachable", { remote, reason: reasonOf(error) }, error),
      );
    });
    if (request.body === undefined) outgoing.end();
    else {
      request.body.on("error", (error) => outgoing.destroy(error));
      request.body.pipe(outgoing);
    }
  });
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: "its name could not be resolved",
  EAI_AGAIN: "its name could not be resolved",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection closed",
};

function reasonOf(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code === undefined ? error.message : (reasons[code] ?? code);
}

/** Addresses in messages carry neither query nor credentials. */
export function withoutQuery(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
