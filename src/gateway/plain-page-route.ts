import type { MiddlewareHandler } from "hono";
import type { GatewayEnv } from "./context.ts";
import type { GatewayMirror } from "./mirror.ts";
import { plainPage, plainPagePolicy } from "./plain-page.ts";
import { hostOf, isSecureContext } from "./secure-context.ts";

/** The plain page in place of the app, for browsers that would get no service worker here. */
export function plainPageWhereNeeded(
  mirror: Pick<GatewayMirror, "status">,
  base: string,
): MiddlewareHandler<GatewayEnv> {
  return async (c, next) => {
    const { incoming } = c.env;
    if (isSecureContext(incoming)) return next();
    const { version, repositories } = await mirror.status();
    const site = `http://${hostOf(incoming) ?? "localhost"}${base}`;
    return new Response(plainPage({ site, version, repositories }), {
      headers: {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": plainPagePolicy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
      },
    });
  };
}
