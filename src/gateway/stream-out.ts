import type { Readable } from "node:stream";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { GatewayContext } from "./context.ts";
import type { Log } from "./options.ts";

/**
 * Sends a body as it arrives. A body that fails breaks the answer: what was read is delivered (it may hold Git's own
 * explanation), then the connection is closed without the final chunk, so that no client takes it for complete.
 */
export function streamOut(
  c: GatewayContext,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Readable,
  log: Log,
): Response {
  const { incoming, outgoing } = c.env;
  const path = c.req.path;
  body.on("error", (error) => {
    log(`${path}: the answer was broken off: ${error.message}`);
    const socket = outgoing.socket;
    // In HTTP/1.0 the end of the connection is the end of the body: only a reset says that it is incomplete.
    if (incoming.httpVersion === "1.0") socket?.resetAndDestroy();
    else if (socket === null) outgoing.destroy();
    else socket.destroySoon();
  });
  outgoing.on("close", () => body.destroy());
  if (outgoing.destroyed) {
    body.destroy();
    return RESPONSE_ALREADY_SENT;
  }
  outgoing.writeHead(status, headers);
  outgoing.flushHeaders();
  body.pipe(outgoing);
  return RESPONSE_ALREADY_SENT;
}
