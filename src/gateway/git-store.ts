import { Readable } from "node:stream";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { asMirrorError, MirrorError } from "../core/errors.ts";
import type { UploadPack } from "../serve/upload-pack.ts";
import { type GitAnswer, type GitRequest, type GitSource, requestBodyLimit } from "./git-source.ts";
import type { Log } from "./options.ts";
import { problem } from "./problem.ts";

const unzip = promisify(gunzip);

/** A repository of the gateway's mirror, answered from its store. */
export class StoreGit implements GitSource {
  readonly #repository: string;
  readonly #uploadPack: UploadPack;
  readonly #log: Log;

  constructor(repository: string, uploadPack: UploadPack, log: Log) {
    this.#repository = repository;
    this.#uploadPack = uploadPack;
    this.#log = log;
  }

  async ask(request: GitRequest): Promise<GitAnswer | Response> {
    try {
      if (request.exchange.request === "info/refs") {
        const version2 = /(^|:)version=2(:|$)/.test(request.headers["git-protocol"] ?? "");
        return answer("advertisement", Readable.from([this.#uploadPack.advertisement(version2)]));
      }
      const body = await bodyOf(request);
      const pieces = await this.#uploadPack.answer(this.#repository, body);
      return answer("result", Readable.from(pieces, { objectMode: false }));
    } catch (thrown) {
      const error = asMirrorError(thrown);
      if (error.code.startsWith("store-") || error.code === "internal")
        this.#log(`opam/${this.#repository}.git: ${error.message}`);
      return problem(error);
    }
  }

  close(): void {}
}

function answer(kind: "advertisement" | "result", body: Readable): GitAnswer {
  return {
    headers: { "content-type": `application/x-git-upload-pack-${kind}`, "cache-control": "no-cache" },
    body,
  };
}

/** Git compresses what it sends when that is more than a kilobyte. */
export async function bodyOf({ body, headers }: GitRequest): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for await (const part of body ?? []) parts.push(part as Buffer);
  const bytes = Buffer.concat(parts);
  const encoding = headers["content-encoding"];
  if (encoding === undefined || encoding === "identity") return bytes;
  if (encoding !== "gzip" && encoding !== "x-gzip")
    throw new MirrorError("protocol-broken", { remote: "The Git client", reason: `its request is ${encoding}` });
  try {
    return await unzip(bytes, { maxOutputLength: requestBodyLimit });
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE")
      throw new MirrorError("request-too-large", { allowed: requestBodyLimit });
    throw new MirrorError("protocol-broken", { remote: "The Git client", reason: "its request is no gzip" }, thrown);
  }
}
