import preact from "@preact/preset-vite";
import { defineConfig, type Plugin } from "vite";

/** Answers `opam/default/…` as the mirror would, for pictures of the fetch page. */
const answers: Plugin = {
  name: "answers",
  configureServer(server) {
    server.middlewares.use((request, response, next) => {
      const path = request.url?.match(/^\/opam\/default\/(.*)$/)?.[1];
      if (path === undefined) return next();
      const body =
        path === "repo"
          ? 'opam-version: "2.0"\nstamp: "97014be61691efb695da5de8e860cba5d74fa1f5"\narchive-mirrors: [ "cache" "https://opam.ocaml.org/cache" ]\nbrowse: "https://opam.ocaml.org/packages/"\nupstream: "https://github.com/ocaml/opam-repository/tree/master/"\n'
          : path === "index.tar.gz"
            ? Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919 + (index >> 3)) & 255))
            : null;
      response.setHeader("X-Content-Type-Options", "nosniff");
      response.setHeader("Content-Security-Policy", "sandbox");
      response.setHeader("Cross-Origin-Resource-Policy", "cross-origin");
      response.setHeader("Accept-Ranges", "bytes");
      response.setHeader("ETag", '"8f2e3f7c4bb0d0b8a53a1a2f9c9b4f2b1d0c7a66"');
      response.setHeader("Last-Modified", "Thu, 27 Aug 2026 09:41:12 GMT");
      response.setHeader("X-Opam-Source", "snapshot");
      if (body === null) {
        response.statusCode = 404;
        response.setHeader("Content-Type", "application/problem+json");
        return response.end(
          JSON.stringify(
            {
              type: "about:blank",
              status: 404,
              code: "not-found",
              detail: `There is no ${path} in this repository. Check the path.`,
            },
            null,
            2,
          ),
        );
      }
      response.setHeader("Content-Type", typeof body === "string" ? "text/plain; charset=utf-8" : "application/gzip");
      response.end(body);
    });
  },
};

export default defineConfig({
  root: import.meta.dirname,
  publicDir: `${import.meta.dirname}/../../../public`,
  plugins: [preact(), answers],
  server: { port: 5199, strictPort: true },
});
