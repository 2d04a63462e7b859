import { Hono } from "hono";
import { asMirrorError } from "../core/errors.ts";
import type { Archives } from "./archives.ts";
import { checksumOf } from "./checksum.ts";
import type { GatewayEnv } from "./context.ts";
import { inertHeaders } from "./inert-headers.ts";
import type { Log } from "./options.ts";
import { methodNotAllowed, problem } from "./problem.ts";
import { streamOut } from "./stream-out.ts";

/** `/<md5|sha256|sha512>/<hex>` */
export function archiveRoutes(archives: Archives, log: Log): Hono<GatewayEnv> {
  const routes = new Hono<GatewayEnv>();
  routes.get("/:algorithm/:hex", async (c) => {
    try {
      const { file, size, sha256 } = await archives.open(checksumOf(c.req.param("algorithm"), c.req.param("hex")));
      const headers = {
        ...inertHeaders,
        etag: `"${sha256}"`,
        "cache-control": "public, max-age=31536000, immutable",
        "content-length": String(size),
      };
      const known = c.req.header("if-none-match")?.includes(headers.etag) ?? false;
      if (known || c.req.method === "HEAD") {
        await file.close();
        const { "content-length": _, ...unsized } = headers;
        return new Response(null, known ? { status: 304, headers: unsized } : { headers });
      }
      return streamOut(c, 200, headers, file.createReadStream({ start: 0, end: Math.max(0, size - 1) }), log);
    } catch (thrown) {
      return problem(asMirrorError(thrown));
    }
  });
  routes.all("/:algorithm/:hex", (c) => methodNotAllowed(c.req.method, "GET, HEAD"));
  return routes;
}
