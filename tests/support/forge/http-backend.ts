import { spawn } from "node:child_process";
import { once } from "node:events";
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { gitEnvironment } from "../../fixtures/git-command.ts";

export interface CgiAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
}

/** One run of `git http-backend` (RFC 3875) for a request below `/repo.git`, with the body given in place of the request's own. */
export async function httpBackend(gitDir: string, req: IncomingMessage, body: Buffer): Promise<CgiAnswer> {
  const [path = "", query = ""] = (req.url ?? "").split("?", 2);
  const child = spawn("git", ["http-backend"], {
    stdio: ["pipe", "pipe", "pipe"],
    env: gitEnvironment({
      GIT_PROJECT_ROOT: gitDir,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: path.replace(/^\/repo\.git/, ""),
      QUERY_STRING: query,
      REQUEST_METHOD: req.method ?? "GET",
      CONTENT_TYPE: req.headers["content-type"] ?? "",
      CONTENT_LENGTH: String(body.length),
      GIT_PROTOCOL: String(req.headers["git-protocol"] ?? ""),
      REMOTE_ADDR: "127.0.0.1",
    }),
  });
  const out: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.resume();
  child.stdin.on("error", () => {});
  child.stdin.end(body);
  await once(child, "close");
  const all = Buffer.concat(out);
  const end = all.indexOf("\r\n\r\n");
  const headers: OutgoingHttpHeaders = {};
  let status = 200;
  for (const line of all.toString("latin1", 0, Math.max(0, end)).split("\r\n")) {
    const colon = line.indexOf(":");
    const [name, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
    if (name.toLowerCase() === "status") status = Number.parseInt(value, 10);
    else if (colon > 0) headers[name] = value;
  }
  if (end < 0) status = 500;
  return { status, headers, body: all.subarray(end + 4) };
}
