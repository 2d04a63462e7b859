import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An HTTP server in front of another. */
export interface PassingProxy {
  /** With the final slash. */
  readonly base: string;
  close(): Promise<void>;
}

export interface PassingRules {
  /** True where it has answered the request itself. */
  readonly answers?: (url: URL, res: ServerResponse) => boolean;
  /** Told of each answer of the other server before its body is passed on. */
  readonly passes?: (url: URL, answer: IncomingMessage) => void;
}

export async function passingProxy(target: string, { answers, passes }: PassingRules): Promise<PassingProxy> {
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? "/", target);
    if (answers?.(url, res)) return;
    const passed = request(url, { method: req.method ?? "GET", headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      passes?.(url, answer);
      answer.pipe(res);
    });
    passed.on("error", () => res.destroy());
    req.pipe(passed);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    base: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
