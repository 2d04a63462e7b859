import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

export interface StaticFolder extends AsyncDisposable {
  /** Without a final slash. */
  readonly url: string;
  /** Paths asked for, in order. */
  readonly asked: readonly string[];
}

/** The plainest HTTP server there is: files of one folder, 404 for all else. */
export async function serveFolder(folder: string): Promise<StaticFolder> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    asked.push(path);
    const file = join(folder, path);
    stat(file)
      .then((found) => {
        if (!found.isFile()) throw new Error("not a file");
        response.writeHead(200, { "Content-Length": found.size });
        createReadStream(file).pipe(response);
      })
      .catch(() => response.writeHead(404).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
