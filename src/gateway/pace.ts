import { pipeline, type Readable } from "node:stream";
import { throttle } from "./throttle.ts";

/** As fast as the sync worker reads a pack. */
const bytesPerSecond = 24_000_000;
const piecesPerSecond = 250;

/**
 * WebKit takes what the network delivers without asking whether anybody reads it, and queues every piece before whatever else its worker
 * is asked: a pack that arrives at once is a gap of 50 to 130 ms. It gets the pack in the time it needs for it anyhow
 * (docs/decisions/030-webkit-pace.md). Everybody else gets the body as it is.
 */
export function pacedFor(userAgent: string | undefined, body: Readable): Readable {
  if (userAgent === undefined || !isWebKit(userAgent)) return body;
  // The callback is a no-op: an error travels along to the last stream, whose reader handles it.
  return pipeline(body, throttle(bytesPerSecond, piecesPerSecond), () => {});
}

/** Browsers built on Chromium call themselves AppleWebKit, too. */
function isWebKit(userAgent: string): boolean {
  return userAgent.includes("AppleWebKit/") && !/Chrom(e|ium)\//.test(userAgent);
}
