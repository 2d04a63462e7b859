import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";

/** Far below every deadline for silence. */
const dripMs = 1_000;

/** A cache of archives over HTTP that answers only so many requests in full before it is told to: the others get a byte now and then. */
export interface HeldCache extends AsyncDisposable {
  /** Ends in `/`. */
  readonly url: string;
  /** Paths that were asked for, in this order. */
  readonly asked: readonly string[];
  /** Answers what waits, and whatever is asked from now on. */
  release(): void;
}

export async function heldCache(folder: string, answered: number): Promise<HeldCache> {
  const asked: string[] = [];
  const held = new Set<() => void>();
  let isHolding = true;
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://cache").pathname);
    asked.push(path);
    const holds = isHolding && asked.length > answered;
    readFile(join(folder, path)).then(
      (bytes) => {
        response.setHeader("content-length", bytes.length);
        if (holds && isHolding) held.add(drip(response, bytes));
        else response.end(bytes);
      },
      () => response.writeHead(404).end(),
    );
  });
  const release = () => {
    isHolding = false;
    for (const finish of held) finish();
    held.clear();
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked,
    release,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        release();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Returns what sends the rest. */
function drip(response: ServerResponse, bytes: Buffer): () => void {
  let at = 0;
  const timer = setInterval(() => {
    if (at < bytes.length - 1) response.write(bytes.subarray(at, ++at));
  }, dripMs);
  response.write(bytes.subarray(at, ++at));
  return () => {
    clearInterval(timer);
    response.end(bytes.subarray(at));
  };
}
