import { Hono } from "hono";
import { MirrorError } from "../core/errors.ts";
import { commonHeaders } from "../core/http/headers.ts";
import type { GatewayContext, GatewayEnv } from "./context.ts";
import { knowsToken } from "./hook-token.ts";
import type { GatewayMirror } from "./mirror.ts";
import type { Hook } from "./options.ts";
import { methodNotAllowed, problem } from "./problem.ts";

/** Below the base path: the hook that the operator named, and the token in front of every repository's own `update`. */
export function hookRoutes(mirror: Pick<GatewayMirror, "engine" | "names">, { path, token }: Hook): Hono<GatewayEnv> {
  const routes = new Hono<GatewayEnv>();
  const refused = async (c: GatewayContext): Promise<Response | null> => {
    if (token === null || (await knowsToken(c.env.incoming, token))) return null;
    const error = new MirrorError("forbidden", { reason: "starting a sync needs the token of the hook" });
    return problem(error, commonHeaders("store"));
  };
  if (path !== null) {
    routes.on(["GET", "POST"], `/${path}`, async (c) => {
      const refusal = await refused(c);
      if (refusal !== null) return refusal;
      // HEAD is a GET to the router, and starts nothing.
      if (c.req.method !== "HEAD") for (const name of mirror.names) await mirror.engine.update(name);
      return c.json({ accepted: true, repositories: mirror.names }, 202, { "cache-control": "no-store" });
    });
    routes.all(`/${path}`, (c) => methodNotAllowed(c.req.method, "GET, HEAD, POST"));
  }
  routes.on(["GET", "POST"], "/opam/:name/update", async (c, next) => {
    const refusal = c.req.method === "HEAD" ? null : await refused(c);
    return refusal ?? next();
  });
  return routes;
}
