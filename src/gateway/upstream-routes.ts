import { Hono } from "hono";
import { asMirrorError, MirrorError } from "../core/errors.ts";
import type { GatewayEnv } from "./context.ts";
import { inertHeaders } from "./inert-headers.ts";
import type { Log } from "./options.ts";
import { outbound } from "./outbound.ts";
import { methodNotAllowed, notFound, problem } from "./problem.ts";
import { streamOut } from "./stream-out.ts";

const headMs = 2_000;
const idleMs = 10_000;

/**
 * `/<repository>/<path>`: files of an HTTP repository with the same content, used before the first snapshot exists.
 * `origins` holds its address, ending in a slash, by repository name.
 */
export function upstreamRoutes(origins: ReadonlyMap<string, URL>, log: Log): Hono<GatewayEnv> {
  const routes = new Hono<GatewayEnv>();
  routes.get("/:name/:path{.+}", async (c) => {
    const origin = origins.get(c.req.param("name"));
    const path = c.req.param("path");
    if (origin === undefined || !isRepositoryPath(path)) return notFound(c.req.path);
    try {
      const url = new URL(path.split("/").map(encodeURIComponent).join("/"), origin);
      const answer = await outbound(url, { headMs, idleMs, redirects: 3 });
      if (answer.status !== 200) {
        answer.body.destroy();
        if (answer.status === 404) return notFound(path);
        return problem(new MirrorError("remote-status", { remote: url.href, status: answer.status }));
      }
      const headers: Record<string, string> = { ...inertHeaders, "cache-control": "no-store" };
      for (const name of ["content-length", "content-encoding", "last-modified"] as const) {
        const value = answer.headers[name];
        if (value !== undefined) headers[name] = value;
      }
      return streamOut(c, 200, headers, answer.body, log);
    } catch (thrown) {
      return problem(asMirrorError(thrown));
    }
  });
  routes.all("/*", (c) =>
    c.req.method === "GET" || c.req.method === "HEAD"
      ? notFound(c.req.path)
      : methodNotAllowed(c.req.method, "GET, HEAD"),
  );
  return routes;
}

/** `repo`, `version`, `index.tar.gz` and the files below `packages/`: what an opam client asks a repository for. */
function isRepositoryPath(path: string): boolean {
  if (path === "repo" || path === "version" || path === "index.tar.gz") return true;
  const segments = path.split("/");
  return (
    segments[0] === "packages" &&
    segments.length > 1 &&
    segments.every((segment) => segment !== "" && !/^\.+$/.test(segment) && /^[\w.+~-]+$/.test(segment))
  );
}
