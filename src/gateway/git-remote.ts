import { asMirrorError, MirrorError } from "../core/errors.ts";
import { type GitAnswer, type GitRequest, type GitSource, gitIdleMs, gitTotalMs } from "./git-source.ts";
import type { Log } from "./options.ts";
import { type OutboundAnswer, outbound, withoutQuery } from "./outbound.ts";
import { problem } from "./problem.ts";

const advertisement = "/info/refs?service=git-upload-pack";

/**
 * A remote, reached over http(s) with the two requests of Git's smart protocol and nothing else (gitprotocol-http).
 * No cookie, credential or referrer passes in either direction.
 */
export class RemoteGit implements GitSource {
  readonly #remote: string;
  readonly #log: Log;
  /** Where the last `info/refs` was found after redirects; `git-upload-pack` goes to the same place. */
  #resolved: string;

  constructor(remote: string, log: Log) {
    this.#remote = remote.replace(/\/+$/, "");
    this.#resolved = this.#remote;
    this.#log = log;
  }

  async ask(request: GitRequest): Promise<GitAnswer | Response> {
    const leave = new AbortController();
    const abort = () => leave.abort();
    if (request.signal.aborted) abort();
    request.signal.addEventListener("abort", abort, { once: true });
    const timer = setTimeout(abort, gitTotalMs);
    const ended = () => {
      clearTimeout(timer);
      request.signal.removeEventListener("abort", abort);
    };
    try {
      const answer = this.#passed(request, await this.#send(request, leave.signal));
      if (answer instanceof Response) ended();
      else answer.body.once("close", ended);
      return answer;
    } catch (thrown) {
      ended();
      const error = asMirrorError(thrown);
      this.#log(`git/${request.exchange.repository}/${request.exchange.request}: ${error.message}`);
      return problem(error);
    }
  }

  close(): void {}

  #send({ exchange, headers, body, length }: GitRequest, signal: AbortSignal): Promise<OutboundAnswer> {
    const common = { headMs: gitIdleMs, idleMs: gitIdleMs, signal };
    if (exchange.request === "info/refs") {
      return outbound(new URL(this.#remote + advertisement), { ...common, headers, redirects: 3 });
    }
    const sent = length === null ? headers : { ...headers, "content-length": String(length) };
    return outbound(new URL(`${this.#resolved}/git-upload-pack`), {
      ...common,
      headers: sent,
      method: "POST",
      redirects: 0,
      ...(body === null ? {} : { body }),
    });
  }

  #passed({ exchange }: GitRequest, answer: OutboundAnswer): GitAnswer | Response {
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
    const length = headers["content-length"];
    if (length !== undefined) passed["content-length"] = length;
    return { headers: passed, body };
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
