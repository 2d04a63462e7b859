import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { git } from "../../fixtures/git-command.ts";
import type { HostileReply, Where } from "./hostile-reply.ts";
import { type CgiAnswer, httpBackend } from "./http-backend.ts";

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly where: Where | "other";
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
  /** Whether the hostile reply answered it. */
  readonly hostile: boolean;
}

export interface HostileServer {
  /** The Git remote: `http://127.0.0.1:PORT/repo.git`. */
  readonly url: string;
  /** What has been asked since the last `set`. */
  readonly requests: readonly SeenRequest[];
  /** From now on the given reply answers the requests of its kind; null: everything is answered rightly. Ends answers that still hang. */
  set(reply: HostileReply | null): void;
  /** Rejects when a reply threw: a test must not pass on a fault of the server. */
  close(): Promise<void>;
}

/** `git http-backend` on a bare repository, and before it a server that gives one wrong answer at a time. */
export async function startHostileServer(gitDir: string): Promise<HostileServer> {
  let reply: HostileReply | null = null;
  let requests: SeenRequest[] = [];
  const failures: unknown[] = [];
  const open = new Set<ServerResponse>();
  const server = createServer((req, res) => {
    open.add(res);
    res.on("close", () => open.delete(res));
    // A client that gives up in the middle is expected here.
    res.on("error", () => {});
    answer(req, res).catch((error: unknown) => {
      if (!res.destroyed) failures.push(error);
      if (!res.headersSent) res.writeHead(500, { "Content-Type": "text/plain" });
      res.end(`the test server failed: ${String(error)}`);
    });
  });

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk);
    const sent = Buffer.concat(chunks);
    const body = req.headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent;
    const where = placeOf(req, body);
    const current = reply;
    const hostile = current !== null && current.where === where;
    requests.push({ method: req.method ?? "", url: req.url ?? "", where, headers: req.headers, body, hostile });
    res.setHeader("Access-Control-Allow-Origin", "*");
    const backend = (other: Buffer): Promise<CgiAnswer> => httpBackend(gitDir, req, other);
    if (!hostile) {
      const right = await backend(body);
      res.writeHead(right.status, right.headers);
      res.end(right.body);
      return;
    }
    await current.respond(req, res, async () => (await backend(body)).body, {
      body,
      backend: async (other) => (await backend(other)).body,
      olderCommits: () => olderCommits(gitDir),
    });
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const endOpen = (): void => {
    for (const res of open) res.destroy();
  };
  return {
    url: `http://127.0.0.1:${port}/repo.git`,
    get requests() {
      return requests;
    },
    set(next) {
      endOpen();
      reply = next;
      requests = [];
    },
    async close() {
      endOpen();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (failures.length > 0) throw new AggregateError(failures, "hostile replies failed to answer as they should");
    },
  };
}

/** Which of the three requests of a fetch this is; the same for protocol versions 0, 1 and 2. */
function placeOf(req: IncomingMessage, body: Buffer): Where | "other" {
  if (req.method === "GET" && /^\/repo\.git\/info\/refs\?service=git-upload-pack/.test(req.url ?? ""))
    return "info-refs";
  if (req.method === "POST" && req.url === "/repo.git/git-upload-pack") {
    const head = body.toString("latin1", 0, 200);
    if (head.includes("command=ls-refs")) return "ls-refs";
    if (head.includes("command=fetch") || head.includes("want ")) return "fetch";
  }
  return "other";
}

async function olderCommits(gitDir: string): Promise<string[]> {
  const [tip] = (await git(["rev-parse", "HEAD"], { gitDir })).split("\n");
  const all = (await git(["rev-list", "--all", "--date-order"], { gitDir })).split("\n");
  return all.filter((oid) => oid !== tip);
}
