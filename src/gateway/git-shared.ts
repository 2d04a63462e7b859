import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { asMirrorError } from "../core/errors.ts";
import { readUploadRequest } from "../core/git/upload-request.ts";
import type { UploadPack } from "../serve/upload-pack.ts";
import { type GitAnswer, type GitRequest, type GitSource, plainBody, readAll } from "./git-source.ts";
import { StoreGit } from "./git-store.ts";
import type { Log } from "./options.ts";
import { problem } from "./problem.ts";
import { SharedBody } from "./shared-body.ts";

/** A pack that was fetched is given to whoever asks for the same again this soon: the mirror takes a moment until it can answer itself. */
const keptMs = 5_000;

/** Bytes of a request that are read to compare it, and answers that are held at a time. */
const comparedBytes = 64 * 1024;
const sharedAtMost = 8;

interface Shared {
  readonly answer: Promise<{ readonly headers: GitAnswer["headers"]; readonly body: SharedBody } | Response>;
  readonly abort: AbortController;
  /** Once there is one. */
  body: SharedBody | null;
  users: number;
}

/**
 * A remote that many ask for the same: the engine of the gateway, and every browser. Equal shallow fetches that run at one time are one request
 * to the remote; one of the very commit that the gateway's mirror has is answered by the mirror. Lists of refs always come from the remote.
 */
export class SharedGit implements GitSource {
  readonly #remote: GitSource;
  readonly #running = new Map<string, Shared>();
  #mirror: { readonly name: string; readonly uploadPack: UploadPack; readonly git: StoreGit } | null = null;

  constructor(remote: GitSource) {
    this.#remote = remote;
  }

  /** What the engine asks: the same requests, never answered by the mirror, which may be what it is to repair. */
  readonly relayed: GitSource = {
    ask: (request) => this.#ask(request, false),
    close: () => {},
  };

  /** From now on the mirror called `name` answers for what it has. */
  answerFrom(name: string, uploadPack: UploadPack, log: Log): void {
    this.#mirror = { name, uploadPack, git: new StoreGit(name, uploadPack, log) };
  }

  ask(request: GitRequest): Promise<GitAnswer | Response> {
    return this.#ask(request, true);
  }

  close(): void {
    this.#remote.close();
  }

  async #ask(request: GitRequest, mayMirror: boolean): Promise<GitAnswer | Response> {
    const { body, length } = request;
    // What is long, or does not say how long it is, is passed on as it comes: engines of this project send a few hundred bytes.
    if (body === null || (length ?? Number.POSITIVE_INFINITY) > comparedBytes) return this.#remote.ask(request);
    try {
      const bytes = await readAll(request, comparedBytes);
      const again = { ...request, body: Readable.from([bytes], { objectMode: false }) };
      const wants = await shallowWants(request, bytes);
      // The whole history has no limit that would let it be held in memory; and refs that were asked for before a push are not what it left.
      if (wants === null) return await this.#remote.ask(again);
      if (mayMirror && (await this.#mirrorHas(wants))) return await this.#mirror!.git.ask(again);
      return await this.#share(again, bytes);
    } catch (thrown) {
      return problem(asMirrorError(thrown));
    }
  }

  async #mirrorHas(wants: readonly string[]): Promise<boolean> {
    const mirror = this.#mirror;
    return mirror !== null && (await mirror.uploadPack.isCurrent(mirror.name, wants));
  }

  async #share(request: GitRequest, body: Uint8Array): Promise<GitAnswer | Response> {
    const { exchange, headers, signal } = request;
    const hash = createHash("sha256").update(body).digest("hex");
    const key = [exchange.request, headers["git-protocol"], headers["content-encoding"], hash].join(" ");
    let shared = this.#running.get(key);
    // Strangers' requests that all differ are not held in memory.
    if (shared === undefined && this.#running.size >= sharedAtMost) return this.#remote.ask(request);
    if (shared === undefined) {
      shared = this.#begin(request);
      this.#running.set(key, shared);
    }
    const joined = shared;
    joined.users++;
    let leave = () => {
      leave = () => {};
      signal.removeEventListener("abort", gone);
      this.#leave(key, joined);
    };
    const gone = () => leave();
    signal.addEventListener("abort", gone, { once: true });
    const answer = await joined.answer;
    if (answer instanceof Response) {
      leave();
      return answer.clone();
    }
    return { headers: answer.headers, body: answer.body.reader(gone) };
  }

  #begin(request: GitRequest): Shared {
    const abort = new AbortController();
    const answer = this.#remote.ask({ ...request, signal: abort.signal }).then((found) => {
      if (found instanceof Response) return found;
      shared.body = new SharedBody(found.body);
      if (abort.signal.aborted) shared.body.abandon();
      return { headers: found.headers, body: shared.body };
    });
    const shared: Shared = { answer, abort, body: null, users: 0 };
    return shared;
  }

  /** The last user ends what nobody waits for. */
  #leave(key: string, shared: Shared): void {
    if (--shared.users > 0) return;
    const forget = () => {
      if (shared.users === 0 && this.#running.get(key) === shared) this.#running.delete(key);
    };
    if (shared.body?.ended) {
      setTimeout(forget, keptMs).unref();
      return;
    }
    forget();
    shared.abort.abort();
    shared.body?.abandon();
  }
}

/** The commits that a shallow fetch by protocol version 2 wants; null for anything else. */
async function shallowWants(request: GitRequest, bytes: Uint8Array): Promise<readonly string[] | null> {
  if (!/(^|:)version=2(:|$)/.test(request.headers["git-protocol"] ?? "")) return null;
  const asked = await readUploadRequest(await plainBody(request, bytes)).catch(() => null);
  return asked?.command === "fetch" && asked.deepen ? asked.wants : null;
}
