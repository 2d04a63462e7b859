import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { setPriority } from "node:os";
import { PassThrough, pipeline, Readable } from "node:stream";
import { MirrorError } from "../core/errors.ts";
import { type CgiHead, cgiHead } from "./cgi-head.ts";
import { gitEnvironment } from "./git-command.ts";
import { type GitAnswer, type GitRequest, type GitSource, gitTotalMs } from "./git-source.ts";
import type { Log } from "./options.ts";
import { problem } from "./problem.ts";

const maxRunning = 32;

/** A local repository, answered by `git http-backend` (CGI, RFC 3875), one process a request. */
export class LocalGit implements GitSource {
  readonly #gitDirectory: string;
  readonly #log: Log;
  readonly #running = new Set<ChildProcessWithoutNullStreams>();

  constructor(gitDirectory: string, log: Log) {
    this.#gitDirectory = gitDirectory;
    this.#log = log;
  }

  async ask(request: GitRequest): Promise<GitAnswer | Response> {
    const { exchange, signal } = request;
    const path = `git/${exchange.repository}/${exchange.request}`;
    if (this.#running.size >= maxRunning) {
      return problem(new MirrorError("not-ready", { path, retryAfter: 1 }));
    }
    const child = spawn("git", ["http-backend"], { env: this.#environment(request) });
    yieldTo(child);
    this.#running.add(child);
    const timer = setTimeout(() => child.kill(), gitTotalMs);
    const exited = new Promise<string | null>((resolve) => {
      child.on("error", (error) => resolve(error.message));
      child.on("close", (code, signal) =>
        resolve(code === 0 ? null : `git http-backend ended with ${signal ?? `code ${code}`}`),
      );
    }).finally(() => {
      clearTimeout(timer);
      this.#running.delete(child);
    });
    // A client that leaves must not keep a process: SIGTERM reaches upload-pack through http-backend's own handler.
    const kill = () => child.kill();
    if (signal.aborted) kill();
    signal.addEventListener("abort", kill, { once: true });
    void exited.then(() => signal.removeEventListener("abort", kill));
    let complaint = "";
    child.stderr.on("data", (chunk: Buffer) => {
      if (complaint.length < 2000) complaint += chunk.toString("latin1");
    });
    const refusal = feed(request.body, child);
    const { output, abandon } = outputOf(child);
    let head: CgiHead;
    try {
      head = await readHead(output);
    } catch (error) {
      abandon();
      const reason = (await exited) ?? (error instanceof Error ? error.message : String(error));
      if (refusal.error !== null) return problem(refusal.error);
      this.#log(`${path}: ${reason}${complaint === "" ? "" : `: ${complaint.trim()}`}`);
      return problem(new MirrorError("internal", { reason }));
    }
    if (head.status !== 200) {
      abandon();
      this.#log(`${path}: git http-backend answered ${head.status}${complaint === "" ? "" : `: ${complaint.trim()}`}`);
      return problem(
        new MirrorError("remote-status", { remote: exchange.repository, status: head.status }),
        {},
        head.status,
      );
    }
    const body = Readable.from(bodyOf(output, head.rest, exited), { objectMode: false });
    // Also when nobody has begun to read it: the generator has nothing to clean up then.
    body.once("close", abandon);
    return {
      headers: {
        "content-type": head.headers.get("content-type") ?? "application/octet-stream",
        "cache-control": "no-cache",
      },
      body,
    };
  }

  /** Backends that have not ended. */
  get running(): number {
    return this.#running.size;
  }

  close(): void {
    for (const child of this.#running) child.kill();
  }

  #environment({ exchange, headers }: GitRequest): NodeJS.ProcessEnv {
    const variables: Record<string, string> = {
      GATEWAY_INTERFACE: "CGI/1.1",
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_TRANSLATED: `${this.#gitDirectory}/${exchange.request}`,
      PATH_INFO: `/${exchange.request}`,
      QUERY_STRING: exchange.request === "info/refs" ? "service=git-upload-pack" : "",
      REQUEST_METHOD: exchange.request === "info/refs" ? "GET" : "POST",
      REMOTE_ADDR: "127.0.0.1",
      SERVER_PROTOCOL: "HTTP/1.1",
    };
    const pass = (variable: string, value: string | undefined, allowed: RegExp) => {
      if (value !== undefined && allowed.test(value)) variables[variable] = value;
    };
    pass("CONTENT_TYPE", headers["content-type"], /^[\w.+/-]{1,100}$/);
    pass("HTTP_CONTENT_ENCODING", headers["content-encoding"], /^[\w-]{1,20}$/);
    pass("GIT_PROTOCOL", headers["git-protocol"], /^[\w.:=-]{1,200}$/);
    return gitEnvironment(variables);
  }
}

/** Pipes the request's body into the backend. The returned object tells whether it was refused on the way. */
function feed(body: Readable | null, child: ChildProcessWithoutNullStreams): { error: MirrorError | null } {
  const refusal: { error: MirrorError | null } = { error: null };
  child.stdin.on("error", () => {}); // EPIPE: the backend's exit code says why it stopped reading.
  if (body === null) {
    child.stdin.end();
    return refusal;
  }
  body.on("error", (error) => {
    if (error instanceof MirrorError) refusal.error = error;
    child.kill();
  });
  body.pipe(child.stdin);
  return refusal;
}

/**
 * What the backend writes, held until it is read: Node lets the output of a process that has ended flow, to nowhere when nobody listens just
 * then. `abandon` ends a backend whose output nobody reads; without it the process would count as running.
 */
function outputOf(child: ChildProcessWithoutNullStreams): { output: Readable; abandon: () => void } {
  const output = new PassThrough();
  pipeline(child.stdout, output, () => {});
  output.on("error", () => {}); // Who reads it is told; nobody may be reading yet.
  const abandon = () => {
    output.destroy();
    child.kill();
  };
  return { output, abandon };
}

/** Whoever reads the pack is somebody's browser, on the same processors when it is ours: packing comes second. */
function yieldTo(child: ChildProcessWithoutNullStreams): void {
  try {
    if (child.pid !== undefined) setPriority(child.pid, 10);
  } catch {
    // It may have ended already, or the platform does not let us: then it is as important as everything else.
  }
}

async function readHead(output: Readable): Promise<CgiHead> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const chunk = output.read() as Buffer | null;
    if (chunk !== null) {
      bytes = Buffer.concat([bytes, chunk]);
      const head = cgiHead(bytes);
      if (head !== undefined) return head;
    } else if (output.readableEnded || output.destroyed) {
      throw new Error("git http-backend ended before it answered");
    } else {
      await Promise.race(["readable", "end", "close"].map((event) => once(output, event)));
    }
  }
}

/** The body, which ends only when the backend has exited well: an exit code comes after the last byte. */
async function* bodyOf(output: Readable, first: Buffer, exited: Promise<string | null>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  for await (const chunk of output) yield chunk as Buffer;
  const failure = await exited;
  if (failure !== null) throw new Error(failure);
}
