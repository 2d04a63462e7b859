import type { IncomingMessage, ServerResponse } from "node:http";
import type { ErrorCode } from "../../../src/core/errors.ts";

export type Where = "info-refs" | "ls-refs" | "fetch";

export interface HostileTools {
  /** The request's body, with any content encoding removed. */
  readonly body: Buffer;
  /** The right answer to another body in place of the request's. */
  backend(body: Buffer): Promise<Buffer>;
  /** Ids of commits that the repository has besides the tip of HEAD, newest first. */
  olderCommits(): Promise<string[]>;
}

/** One wrong answer of a Git smart-HTTP server. The server answers rightly to all requests of other kinds. */
export interface HostileReply {
  readonly title: string;
  readonly where: Where;
  respond(
    req: IncomingMessage,
    res: ServerResponse,
    real: () => Promise<Buffer>,
    tools: HostileTools,
  ): void | Promise<void>;
  /** Codes that the failed sync may have. */
  readonly codes: readonly ErrorCode[];
  /** The answer is odd and not wrong: a sync that succeeds with the tree of Git's tip is right as well. */
  readonly mayWork?: true;
  /** The answer never ends by itself: the client's idle or total deadline must end it. Set short deadlines. */
  readonly needsDeadline?: true;
}

export const contentTypes: Readonly<Record<Where, string>> = {
  "info-refs": "application/x-git-upload-pack-advertisement",
  "ls-refs": "application/x-git-upload-pack-result",
  fetch: "application/x-git-upload-pack-result",
};

/** Answers 200 with the right type for the place and these bytes. */
export function send(
  res: ServerResponse,
  where: Where,
  body: Uint8Array | string,
  headers: Record<string, string> = {},
): void {
  res.writeHead(200, { "Content-Type": contentTypes[where], "Cache-Control": "no-cache", ...headers });
  res.end(body);
}
