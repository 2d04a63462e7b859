import type { RepositoryConfig } from "../protocol/config.ts";
import { parseRepositoryPath, parseRoute, type Route } from "./route.ts";

const layout = /\/(?:repo|version|index\.tar\.gz|packages\/.+|cache\/.+)$/;

/**
 * Which URLs are ours: `<base>opam/…`, and opam's own paths below the public URLs (`origins`) of the repositories.
 * The decision is synchronous, because a fetch event must be claimed or left alone at once.
 */
export class Site {
  readonly #base: URL;
  readonly #prefix: string;
  readonly #anyHost: boolean;
  /** Longest first. Null until the configuration was read once. */
  #origins: readonly { readonly prefix: string; readonly repository: string }[] | null = null;

  /** `anyHost`: whether the host of a URL is ignored, as behind a proxy. */
  constructor(base: string, anyHost: boolean) {
    this.#base = new URL("opam/", base);
    this.#prefix = this.#base.pathname;
    this.#anyHost = anyHost;
  }

  get loaded(): boolean {
    return this.#origins !== null;
  }

  configure(repositories: readonly RepositoryConfig[]): void {
    this.#origins = repositories
      .flatMap(({ name, origins }) =>
        origins.map((origin) => {
          const { origin: host, pathname } = new URL(origin);
          return { prefix: `${host}${pathname.endsWith("/") ? pathname : `${pathname}/`}`, repository: name };
        }),
      )
      .sort((a, b) => b.prefix.length - a.prefix.length);
  }

  route(url: URL): Route | null {
    if ((this.#anyHost || url.origin === this.#base.origin) && url.pathname.startsWith(this.#prefix)) {
      return parseRoute(url.pathname.slice(this.#prefix.length));
    }
    if (this.#origins === null) {
      const foreign = !this.#anyHost && url.origin !== this.#base.origin;
      return foreign && layout.test(url.pathname) ? { kind: "undecided" } : null;
    }
    if (this.#origins.length === 0) return null;
    const text = url.origin + url.pathname;
    const origin = this.#origins.find(({ prefix }) => text.startsWith(prefix));
    if (origin === undefined) return null;
    const route = parseRepositoryPath(origin.repository, text.slice(origin.prefix.length));
    // A public URL usually has a web site beside the repository: only what opam asks for is ours.
    if (route.kind === "package" && route.path === "packages") return null;
    return ["repo", "version", "tarball", "package", "archive"].includes(route.kind) ? route : null;
  }
}
