import type { Readable } from "node:stream";
import { Hono } from "hono";
import { MirrorError } from "../core/errors.ts";
import { bodyLimit } from "./body-limit.ts";
import type { GatewayContext, GatewayEnv } from "./context.ts";
import { type GitRequest, type GitSource, gitHeaders, requestBodyLimit } from "./git-source.ts";
import type { GitExchange, Log } from "./options.ts";
import { pacedFor } from "./pace.ts";
import { methodNotAllowed, notFound, problem } from "./problem.ts";
import { streamOut } from "./stream-out.ts";

/** How the body of an answer is changed on its way; the body itself where nothing changes it. */
export type GitShape = (exchange: GitExchange, body: Readable) => Readable;

/**
 * `/<repository>/info/refs?service=git-upload-pack` and `/<repository>/git-upload-pack`: reading by the smart protocol.
 * Pushing, the dumb protocol's files and everything else of a Git server do not exist here.
 */
export function gitRoutes(sources: ReadonlyMap<string, GitSource>, shape: GitShape, log: Log): Hono<GatewayEnv> {
  const routes = gitExchanges(sources, shape, log);
  for (const path of ["/:name/info/refs", "/:name/git-upload-pack", "/:name/git-receive-pack"])
    routes.all(path, (c) => problem(new MirrorError("unknown-repository", { name: c.req.param("name") ?? "" })));
  routes.all("/*", (c) => notFound(c.req.path));
  return routes;
}

/** The same without a last word: what none of the sources answers is left to the next route. */
export function gitExchanges(sources: ReadonlyMap<string, GitSource>, shape: GitShape, log: Log): Hono<GatewayEnv> {
  const routes = new Hono<GatewayEnv>();
  routes.get("/:name/info/refs", (c, next) => {
    const name = c.req.param("name");
    const source = sources.get(name);
    if (source === undefined) return next();
    const service = c.req.query("service");
    if (service !== "git-upload-pack") {
      const message =
        service === undefined
          ? "only Git's smart protocol is answered"
          : "only git-upload-pack is answered, this is a mirror";
      return problem(new MirrorError("remote-refused", { remote: name, message }));
    }
    return answer(c, source, { repository: name, request: "info/refs" }, shape, log);
  });
  routes.post("/:name/git-upload-pack", (c, next) => {
    const name = c.req.param("name");
    const source = sources.get(name);
    if (source === undefined) return next();
    return answer(c, source, { repository: name, request: "git-upload-pack" }, shape, log);
  });
  routes.all("/:name/git-receive-pack", (c, next) => {
    const remote = c.req.param("name");
    if (!sources.has(remote)) return next();
    return problem(new MirrorError("remote-refused", { remote, message: "pushing is not possible, this is a mirror" }));
  });
  routes.all("/:name/info/refs", (c, next) =>
    sources.has(c.req.param("name")) ? methodNotAllowed(c.req.method, "GET, HEAD") : next(),
  );
  routes.all("/:name/git-upload-pack", (c, next) =>
    sources.has(c.req.param("name")) ? methodNotAllowed(c.req.method, "POST") : next(),
  );
  return routes;
}

async function answer(
  c: GatewayContext,
  source: GitSource,
  exchange: GitExchange,
  shape: GitShape,
  log: Log,
): Promise<Response> {
  const { incoming, outgoing } = c.env;
  const length = incoming.headers["content-length"];
  if (Number(length ?? 0) > requestBodyLimit) {
    return problem(new MirrorError("request-too-large", { allowed: requestBodyLimit }));
  }
  const leave = new AbortController();
  outgoing.once("close", () => leave.abort());
  const found = await source.ask({
    exchange,
    headers: headersOf(incoming.headers),
    body: exchange.request === "info/refs" ? null : limitedBody(c),
    length: length === undefined ? null : Number(length),
    signal: leave.signal,
  });
  if (found instanceof Response) return found;
  const shaped = shape(exchange, found.body);
  const { "content-length": sized, ...headers } = found.headers;
  const known = sized !== undefined && shaped === found.body ? { ...headers, "content-length": sized } : headers;
  const sent = exchange.request === "git-upload-pack" ? pacedFor(incoming.headers["user-agent"], shaped) : shaped;
  return streamOut(c, 200, known, sent, log);
}

function headersOf(given: GatewayContext["env"]["incoming"]["headers"]): GitRequest["headers"] {
  const headers: { [name in (typeof gitHeaders)[number]]?: string } = {};
  for (const name of gitHeaders) {
    const value = given[name];
    if (typeof value === "string") headers[name] = value;
  }
  return headers;
}

function limitedBody(c: GatewayContext): Readable {
  const { incoming } = c.env;
  const body = incoming.pipe(bodyLimit(requestBodyLimit));
  incoming.on("error", (error) => body.destroy(error));
  return body;
}
