import { Readable } from "node:stream";
import { asMirrorError } from "../core/errors.ts";
import type { UploadPack } from "../serve/upload-pack.ts";
import { type GitAnswer, type GitRequest, type GitSource, plainBody, readAll } from "./git-source.ts";
import type { Log } from "./options.ts";
import { problem } from "./problem.ts";

/** A few rounds of the longest negotiation; what is there to be negotiated is one commit. */
const storedRequestBytes = 1 << 20;

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
      const body = await plainBody(request, await readAll(request, storedRequestBytes));
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
