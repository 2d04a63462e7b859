import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import preact from "@preact/preset-vite";
import { build } from "vite";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
};

/** As strict as a host could be: nothing inline, nothing from elsewhere. */
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'";

export interface PreviewSite {
  /** Ends in "/": the preview page below a base path. */
  readonly address: string;
  close(): Promise<void>;
}

/** Builds the preview page into `folder` and serves it below `/demo/` under a strict content security policy; `opam/default/…` answers 404 as the mirror does. */
export async function previewSite(folder: string): Promise<PreviewSite> {
  await build({
    configFile: false,
    root: import.meta.dirname,
    base: "./",
    logLevel: "error",
    plugins: [preact()],
    worker: { format: "es" },
    publicDir: join(import.meta.dirname, "../../../public"),
    build: { outDir: folder, emptyOutDir: true },
  });
  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    response.setHeader("Content-Security-Policy", policy);
    const opam = /^\/demo\/opam\/default\/(.*)$/.exec(pathname);
    if (opam !== null) {
      response.writeHead(404, { "Content-Type": "application/problem+json", "X-Opam-Source": "snapshot" });
      response.end(`{ "code": "not-found", "detail": "<b>${opam[1]}</b>" }`);
      return;
    }
    const path = normalize(pathname.replace(/^\/demo\//, "").replace(/^$/, "index.html"));
    try {
      const body = pathname.startsWith("/demo/") && !path.startsWith("..") ? readFileSync(join(folder, path)) : null;
      response.writeHead(body === null ? 404 : 200, {
        "Content-Type": types[extname(path)] ?? "application/octet-stream",
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/demo/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
