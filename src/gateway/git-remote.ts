import type { Readable } from "node:stream";
import { asMirrorError, MirrorError } from "../core/errors.ts";
import { bodyLimit } from "./body-limit.ts";
import type { GatewayContext } from "./context.ts";
import { type GitSource, gitIdleMs, gitTotalMs, requestBodyLimit } from "./git-source.ts";
import type { GitExchange, Log } from "./options.ts";
import { type OutboundAnswer, outbound, withoutQuery } from "./outbound.ts";
import { problem } from "./problem.ts";
import { streamOut } from "./stream-out.ts";

const advertisement = "/info/refs?service=git-upload-pack";
const forwarded = ["git-protocol", "content-type", "accept", "content-encoding"] as const;

/**
 * A remote, reached over http(s) with the two requests of Git's smart protocol and nothing else (gitprotocol-http).
 * No cookie, credential or referrer passes in either direction.
 */
export class RemoteGit implements GitSource {
  readonly #remote: string;
  readonly #shape: (exchange: GitExchange, body: Readable) => Readable;
  readonly #log: Log;
  /** Where the last `info/refs` was found after redirects; `git-upload-pack` goes to the same place. */
  #resolved: string;

  constructor(remote: string, shape: (exchange: GitExchange, body: Readable) => Readable, log: Log) {
    this.#remote = remote.replace(/\/+$/, "");
    this.#resolved = this.#remote;
    this.#shape = shape;
    this.#log = log;
  }

  async answer(c: GatewayContext, exchange: GitExchange): Promise<Response> {
    const leave = new AbortController();
    c.env.outgoing.once("close", () => leave.abort());
    const timer = setTimeout(() => leave.abort(), gitTotalMs);
    c.env.outgoing.once("close", () => clearTimeout(timer));
    try {
      const answer = await this.#ask(c, exchange, leave.signal);
      return this.#pass(c, exchange, answer);
    } catch (thrown) {
      const error = asMirrorError(thrown);
      this.#log(`${c.req.path}: ${error.message}`);
      return problem(error);
    }
  }

  #ask(c: GatewayContext, exchange: GitExchange, signal: AbortSignal): Promise<OutboundAnswer> {
    const headers: Record<string, string> = {};
    for (const name of forwarded) {
      const value = c.env.incoming.headers[name];
      if (typeof value === "string") headers[name] = value;
    }
    const common = { headers, headMs: gitIdleMs, idleMs: gitIdleMs, signal };
    if (exchange.request === "info/refs") {
      return outbound(new URL(this.#remote + advertisement), { ...common, redirects: 3 });
    }
    const length = c.env.incoming.headers["content-length"];
    if (length !== undefined) {
      if (Number(length) > requestBodyLimit) throw new MirrorError("request-too-large", { allowed: requestBodyLimit });
      headers["content-length"] = length;
    }
    const body = c.env.incoming.pipe(bodyLimit(requestBodyLimit));
    c.env.incoming.on("error", (error) => body.destroy(error));
    return outbound(new URL(`${this.#resolved}/git-upload-pack`), { ...common, method: "POST", body, redirects: 0 });
  }

  #pass(c: GatewayContext, exchange: GitExchange, answer: OutboundAnswer): Response {
    const { status, headers, body } = answer;
    const remote = withoutQuery(new URL(this.#remote));
    if (status !== 200) {
      body.destroy();
      return refusal(remote, status, headers["www-authenticate"], headers["retry-after"]);
    }
    // A page of HTML with status 200 is no Git answer, and must not be served under our origin.
    const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "none";
    const expected =
      exchange.request === "info/refs"
        ? "application/x-git-upload-pack-advertisement"
        : "application/x-git-upload-pack-result";
    if (type !== expected) {
      body.destroy();
      throw new MirrorError("remote-not-git", {
        remote,
        reason: `its content type is ${JSON.stringify(type.slice(0, 80))}`,
      });
    }
    if (exchange.request === "info/refs") {
      const found = answer.url.href;
      if (!found.endsWith(advertisement)) {
        body.destroy();
        throw new MirrorError("remote-not-git", {
          remote,
          reason: "it redirects to an address that is not a Git repository's",
        });
      }
      this.#resolved = found.slice(0, -advertisement.length);
    }
    const passed: Record<string, string> = { "content-type": expected, "cache-control": "no-cache" };
    const encoding = headers["content-encoding"];
    if (encoding !== undefined && encoding !== "identity") passed["content-encoding"] = encoding;
    const shaped = this.#shape(exchange, body);
    const length = headers["content-length"];
    if (length !== undefined && shaped === body) passed["content-length"] = length;
    return streamOut(c, 200, passed, shaped, this.#log);
  }
}

function refusal(
  remote: string,
  status: number,
  challenge: string | undefined,
  retryAfter: string | undefined,
): Response {
  if (status === 401) {
    return problem(
      new MirrorError("remote-auth", { remote }),
      challenge === undefined ? {} : { "www-authenticate": challenge },
    );
  }
  const seconds = retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined;
  const error = new MirrorError("remote-status", {
    remote,
    status,
    ...(seconds === undefined ? {} : { retryAfter: seconds }),
  });
  return problem(error, seconds === undefined ? {} : { "retry-after": String(seconds) }, status === 404 ? 404 : 502);
}
