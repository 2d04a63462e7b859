import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { bundledScript } from "../support/bundled-script.ts";
import { makeGitFixture } from "./store-git-fixture.ts";

export interface CaseServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a blank page, the suite as one classic worker script, and the pack that Git made. */
export async function serveCases(): Promise<CaseServer> {
  const files = new Map<string, readonly [type: string, body: string]>([
    ["/", ["text/html", "<!doctype html><title>store</title>"]],
    ["/suite.js", ["text/javascript", await bundledScript(new URL("store-browser-worker.ts", import.meta.url))]],
    ["/git-fixture.json", ["application/json", JSON.stringify(await makeGitFixture())]],
  ]);
  const server = createServer((request, response) => {
    const [type, body] = files.get(request.url ?? "") ?? ["text/plain", null];
    response.writeHead(body === null ? 404 : 200, { "content-type": `${type}; charset=utf-8` });
    response.end(body ?? "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
