import { Hono } from "hono";
import { MirrorError } from "../core/errors.ts";
import type { GatewayEnv } from "./context.ts";
import type { GitSource } from "./git-source.ts";
import { methodNotAllowed, notFound, problem } from "./problem.ts";

/**
 * `/<repository>/info/refs?service=git-upload-pack` and `/<repository>/git-upload-pack`: reading by the smart protocol.
 * Pushing, the dumb protocol's files and everything else of a Git server do not exist here.
 */
export function gitRoutes(sources: ReadonlyMap<string, GitSource>): Hono<GatewayEnv> {
  const routes = new Hono<GatewayEnv>();
  routes.get("/:name/info/refs", (c) => {
    const name = c.req.param("name");
    const source = sources.get(name);
    if (source === undefined) return problem(new MirrorError("unknown-repository", { name }));
    const service = c.req.query("service");
    if (service !== "git-upload-pack") {
      const message =
        service === undefined
          ? "only Git's smart protocol is answered"
          : "only git-upload-pack is answered, this is a mirror";
      return problem(new MirrorError("remote-refused", { remote: name, message }));
    }
    return source.answer(c, { repository: name, request: "info/refs" });
  });
  routes.post("/:name/git-upload-pack", (c) => {
    const name = c.req.param("name");
    const source = sources.get(name);
    if (source === undefined) return problem(new MirrorError("unknown-repository", { name }));
    return source.answer(c, { repository: name, request: "git-upload-pack" });
  });
  routes.all("/:name/git-receive-pack", (c) =>
    problem(
      new MirrorError("remote-refused", {
        remote: c.req.param("name"),
        message: "pushing is not possible, this is a mirror",
      }),
    ),
  );
  routes.all("/:name/info/refs", (c) => methodNotAllowed(c.req.method, "GET, HEAD"));
  routes.all("/:name/git-upload-pack", (c) => methodNotAllowed(c.req.method, "POST"));
  routes.all("/*", (c) => notFound(c.req.path));
  return routes;
}
