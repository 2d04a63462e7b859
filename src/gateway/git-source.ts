import type { Readable } from "node:stream";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { MirrorError } from "../core/errors.ts";
import type { GitExchange } from "./options.ts";

/** Headers of a request that Git's protocol knows. Nothing else of a client's request is passed on. */
export const gitHeaders = ["git-protocol", "content-type", "accept", "content-encoding"] as const;

export interface GitRequest {
  readonly exchange: GitExchange;
  readonly headers: Readonly<Partial<Record<(typeof gitHeaders)[number], string>>>;
  /** The negotiation of `git-upload-pack`; null for `info/refs`. Ends with `request-too-large` beyond the limit. */
  readonly body: Readable | null;
  /** Bytes of the body, where the client said how many. */
  readonly length: number | null;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface GitAnswer {
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Fails when it is not whole: an answer that broke must not end well for the client. */
  readonly body: Readable;
}

/** Where a repository's Git smart HTTP comes from: a local repository, a remote, or the store. Answers exactly two requests. */
export interface GitSource {
  /** The answer of Git, or a problem that says why there is none. Never rejects. */
  ask(request: GitRequest): Promise<GitAnswer | Response>;
  close(): void;
}

/** The largest negotiation that is accepted; a clone of a repository with 10,000 haves needs 0.5 MB. */
export const requestBodyLimit: number = 10 * 1024 * 1024;
/** How long either side may be silent, and how long a whole exchange may take. */
export const gitIdleMs = 30_000;
export const gitTotalMs = 600_000;

/** The body of a request as it was sent. Throws `request-too-large`. */
export async function readAll({ body }: GitRequest, atMost: number): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body ?? []) {
    size += (part as Buffer).length;
    if (size > atMost) throw new MirrorError("request-too-large", { allowed: atMost });
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
}

/** What it says: Git compresses what it sends when that is more than a kilobyte. Throws `protocol-broken`, `request-too-large`. */
export async function plainBody({ headers }: GitRequest, bytes: Uint8Array): Promise<Uint8Array> {
  const remote = "The Git client";
  const encoding = headers["content-encoding"];
  if (encoding === undefined || encoding === "identity") return bytes;
  if (encoding !== "gzip" && encoding !== "x-gzip")
    throw new MirrorError("protocol-broken", { remote, reason: `its request is ${encoding}` });
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: requestBodyLimit });
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE")
      throw new MirrorError("request-too-large", { allowed: requestBodyLimit });
    throw new MirrorError("protocol-broken", { remote, reason: "its request is no gzip" }, thrown);
  }
}
