import { Hono } from "hono";
import { asMirrorError } from "../core/errors.ts";
import type { MirrorConfig } from "../protocol/config.ts";
import { archiveRoutes } from "./archive-routes.ts";
import type { Archives } from "./archives.ts";
import type { GatewayEnv } from "./context.ts";
import { type GitShape, gitExchanges, gitRoutes } from "./git-routes.ts";
import type { GitSource } from "./git-source.ts";
import { hookRoutes } from "./hook-routes.ts";
import type { GatewayMirror } from "./mirror.ts";
import type { Hook, Log } from "./options.ts";
import { plainPageWhereNeeded } from "./plain-page-route.ts";
import { methodNotAllowed, notFound, problem } from "./problem.ts";
import { staticApp } from "./static-app.ts";
import { upstreamRoutes } from "./upstream-routes.ts";

export interface GatewayParts {
  /** Starts and ends with a slash. */
  readonly base: string;
  readonly config: MirrorConfig;
  readonly git: ReadonlyMap<string, GitSource>;
  readonly gitShape: GitShape;
  readonly archives: Archives;
  /** See `archiveRoutes`. */
  readonly archiveAnswerMs?: number;
  readonly upstreams: ReadonlyMap<string, URL>;
  readonly appDirectory: string;
  /** Origins the page may ask besides its own. */
  readonly connect: readonly string[];
  readonly log: Log;
  /** Answers `<base>opam/…` for native clients. Without it these paths do not exist. */
  readonly mirror?: Pick<GatewayMirror, "answer" | "status" | "git" | "engine" | "names">;
  readonly hook: Hook;
}

/** Everything the gateway answers, in one place. */
export function gatewayRoutes(parts: GatewayParts): Hono<GatewayEnv> {
  const { base, log } = parts;
  const app = new Hono<GatewayEnv>();
  const at = (path: string) => base + path;

  app.get(at("healthz"), (c) => c.text("ok\n", 200, { "cache-control": "no-store" }));
  app.get(at("gateway/config.json"), (c) => c.json(parts.config, 200, { "cache-control": "no-cache" }));
  for (const path of ["healthz", "gateway/config.json"])
    app.all(at(path), (c) => methodNotAllowed(c.req.method, "GET, HEAD"));
  app.route(at("gateway/archive"), archiveRoutes(parts.archives, log, parts.archiveAnswerMs));
  app.route(at("gateway/upstream"), upstreamRoutes(parts.upstreams, log));
  app.route(at("git"), gitRoutes(parts.git, parts.gitShape, log));
  const { mirror } = parts;
  if (mirror !== undefined) {
    app.route(base, hookRoutes(mirror, parts.hook));
    app.route(at("opam"), gitExchanges(mirror.git, parts.gitShape, log));
  }
  app.all(at("opam/*"), (c) => (mirror === undefined ? notFound(c.req.path) : mirror.answer(c.req.raw)));
  app.all(at("gateway/*"), (c) => notFound(c.req.path));

  if (base !== "/") {
    app.get("/", (c) => c.redirect(base));
    app.get(base.slice(0, -1), (c) => c.redirect(base));
  }
  if (mirror !== undefined)
    for (const path of ["", "index.html"]) app.get(at(path), plainPageWhereNeeded(mirror, base));
  app.all(at("*"), staticApp(parts.appDirectory, base, parts.connect));

  app.notFound((c) => notFound(c.req.path));
  app.onError((thrown, c) => {
    const error = asMirrorError(thrown);
    log(`${c.req.method} ${c.req.path}: ${thrown.stack ?? error.message}`);
    return problem(error);
  });
  return app;
}
