import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/** A server in front of another, which answers one path of its own, `clear-site-data?DIRECTIVE`, with that header (W3C Clear Site Data, section 3). */
export interface ClearingProxy extends AsyncDisposable {
  /** With the final slash. */
  readonly base: string;
}

export async function clearingProxy(target: string): Promise<ClearingProxy> {
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? "/", target);
    if (url.pathname.endsWith("/clear-site-data")) {
      res.writeHead(200, {
        "clear-site-data": `"${decodeURIComponent(url.search.slice(1))}"`,
        "cache-control": "no-store",
      });
      return void res.end();
    }
    const passed = request(url, { method: req.method ?? "GET", headers: req.headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(res);
    });
    passed.on("error", () => res.destroy());
    req.pipe(passed);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    base: `http://localhost:${(server.address() as AddressInfo).port}/`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
