import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/** An HTTP server in front of another, that counts what is answered. */
export interface CountingProxy {
  /** With the final slash. */
  readonly base: string;
  /** Bytes of the bodies that were answered below `/git/` since the last call. */
  count(): number;
  close(): Promise<void>;
}

export async function countingProxy(target: string): Promise<CountingProxy> {
  let bytes = 0;
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? "/", target);
    const passed = request(url, { method: req.method ?? "GET", headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      if (url.pathname.startsWith("/git/"))
        answer.on("data", (chunk: Buffer) => {
          bytes += chunk.length;
        });
      answer.pipe(res);
    });
    passed.on("error", () => res.destroy());
    req.pipe(passed);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    base: `http://localhost:${(server.address() as AddressInfo).port}/`,
    count: () => {
      const counted = bytes;
      bytes = 0;
      return counted;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
