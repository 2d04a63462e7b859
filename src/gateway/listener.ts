import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { getRequestListener } from "@hono/node-server";
import type { Hono } from "hono";
import { asMirrorError, MirrorError } from "../core/errors.ts";
import { commonHeaders } from "../core/http/headers.ts";
import type { GatewayEnv } from "./context.ts";
import type { Log } from "./options.ts";
import { problem } from "./problem.ts";
import { goesByName } from "./server-names.ts";

export interface Tls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * A server that survives what is sent to it. Only origin-form targets reach the routes: a request for another server
 * (absolute-form, CONNECT, `//host`) is refused, because this is not a proxy. `names`: see `goesByName`.
 */
export function gatewayServer(app: Hono<GatewayEnv>, tls: Tls | null, log: Log, names: readonly string[] = []): Server {
  const answer = getRequestListener((request, env) => app.fetch(request, env as GatewayEnv["Bindings"]), {
    hostname: "localhost",
    overrideGlobalObjects: false,
    errorHandler: (thrown) => {
      if (thrown instanceof Error && thrown.name === "RequestError")
        return problem(badPath("it is not a valid request target"));
      const error = asMirrorError(thrown);
      log(error.message);
      return problem(error);
    },
  });
  const listener: RequestListener = (incoming, outgoing) => {
    outgoing.setHeader("x-content-type-options", "nosniff");
    outgoing.on("error", () => {}); // The client left in the middle; `close` tells whoever was producing.
    const refused = refusedTarget(incoming) ?? (goesByName(names, incoming) ? null : otherName());
    if (refused === null) void answer(incoming, outgoing);
    else void refuse(incoming, outgoing, refused);
  };
  const options = {
    headersTimeout: 20_000,
    requestTimeout: 120_000,
    keepAliveTimeout: 10_000,
    connectionsCheckingInterval: 5_000,
    maxHeaderSize: 16 * 1024,
  };
  const server = tls === null ? createServer(options, listener) : createTlsServer({ ...options, ...tls }, listener);
  // Two minutes without a byte in either direction: the client is gone, or holds an answer it does not read.
  server.setTimeout(120_000);
  server.on("connect", (_incoming, socket) => {
    socket.on("error", () => {});
    socket.end(
      "HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD, POST\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    );
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) {
      socket.destroy();
      return;
    }
    const status =
      error.code === "HPE_HEADER_OVERFLOW"
        ? "431 Request Header Fields Too Large"
        : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
          ? "408 Request Timeout"
          : "400 Bad Request";
    socket.end(
      `HTTP/1.1 ${status}\r\nX-Content-Type-Options: nosniff\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      () => socket.destroy(),
    );
  });
  return server;
}

function refusedTarget(incoming: IncomingMessage): MirrorError | null {
  const target = incoming.url ?? "";
  if (!target.startsWith("/")) return badPath("it names another server, and this is not a proxy");
  if (target.startsWith("//")) return badPath("it starts with two slashes");
  if (target.length > 8192) return badPath("it is longer than 8192 bytes");
  const path = target.split("?", 1)[0] ?? "";
  if (/[\\\0]|%00|%5c/i.test(path)) return badPath("it contains a backslash or a NUL");
  return null;
}

function otherName(): MirrorError {
  return new MirrorError("forbidden", {
    reason: "this server has another name; its operator can add one with --server-name",
  });
}

function badPath(reason: string): MirrorError {
  return new MirrorError("bad-path", { path: "of the request", reason });
}

async function refuse(incoming: IncomingMessage, outgoing: ServerResponse, error: MirrorError): Promise<void> {
  // Whatever is below opam/ answers with these headers, its refusals here included.
  const response = problem(error, { ...commonHeaders("store"), connection: "close" });
  incoming.resume();
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.end(await response.text());
}
