import { Hono } from "hono";
import { within } from "../core/cooperation/deadline.ts";
import { asMirrorError, MirrorError } from "../core/errors.ts";
import { systemClock } from "../platform/clock.ts";
import type { Archives } from "./archives.ts";
import { checksumOf, checksumText } from "./checksum.ts";
import type { GatewayEnv } from "./context.ts";
import { inertHeaders } from "./inert-headers.ts";
import type { Log } from "./options.ts";
import { methodNotAllowed, problem } from "./problem.ts";
import { streamOut } from "./stream-out.ts";

/** Longest wait for an archive that is being fetched: service workers take longer silence for a gateway that is gone. */
const defaultAnswerMs = 10_000;
/** Seconds after which it is asked for again. */
const askAgainS = 1;

/**
 * `/<md5|sha256|sha512>/<hex>`. An archive is whole and verified before its first byte is sent. One that takes longer to fetch than
 * `answerMs` is answered 503 with `Retry-After`, and goes on being fetched: whoever wants it asks again.
 */
export function archiveRoutes(archives: Archives, log: Log, answerMs: number = defaultAnswerMs): Hono<GatewayEnv> {
  const routes = new Hono<GatewayEnv>();
  routes.get("/:algorithm/:hex", async (c) => {
    try {
      const checksum = checksumOf(c.req.param("algorithm"), c.req.param("hex"));
      const own = await archives.ownFile(checksum);
      const opening = own === null ? archives.open(checksum) : null;
      const archive = opening === null ? null : await within(systemClock, answerMs, opening, () => "late" as const);
      if (archive === "late") {
        // Nobody reads this one.
        opening?.then(({ file }) => file.close()).catch(() => undefined);
        throw new MirrorError("not-ready", { path: checksumText(checksum), retryAfter: askAgainS });
      }
      const { sha256, size } = archive ?? { sha256: own?.sha256, size: own?.bytes.length ?? 0 };
      const headers = {
        ...inertHeaders,
        etag: `"${sha256}"`,
        // Who asks keeps it in a store of his own; and what may be cached Chromium reads ahead of a service worker, up to 64 MB of it.
        "cache-control": "no-store",
        "content-length": String(size),
      };
      const known = c.req.header("if-none-match")?.includes(headers.etag) ?? false;
      if (known || c.req.method === "HEAD") {
        await archive?.file.close();
        const { "content-length": _, ...unsized } = headers;
        return new Response(null, known ? { status: 304, headers: unsized } : { headers });
      }
      if (archive === null) return new Response(own?.bytes ?? null, { headers });
      const { file } = archive;
      return streamOut(c, 200, headers, file.createReadStream({ start: 0, end: Math.max(0, size - 1) }), log);
    } catch (thrown) {
      return problem(asMirrorError(thrown));
    }
  });
  routes.all("/:algorithm/:hex", (c) => methodNotAllowed(c.req.method, "GET, HEAD"));
  return routes;
}
