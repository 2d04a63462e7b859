import type { RepositoryConfig } from "../protocol/config.ts";
import type { ArchiveUrls } from "./archive-urls.ts";
import { parseRepositoryPath, parseRoute, type Route } from "./route.ts";

const layout = /\/(?:repo|version|index\.tar\.gz|packages\/.+|cache\/.+)$/;

/** What else than its URL says whether a request may be one for an archive. */
export interface RequestKind {
  readonly method: string;
  /** As in the Fetch standard: empty for what scripts fetch. */
  readonly destination: string;
}

/**
 * Which URLs are ours: `<base>opam/…`, opam's own paths below the public URLs (`origins`) of the repositories, and the addresses that
 * opam files name. The decision is synchronous, because a fetch event must be claimed or left alone at once.
 */
export class Site {
  readonly #base: URL;
  readonly #prefix: string;
  readonly #anyHost: boolean;
  readonly #urls: ArchiveUrls | null;
  /** Longest first. Null until the configuration was read once. */
  #origins: readonly { readonly prefix: string; readonly repository: string }[] | null = null;

  /** `anyHost`: whether the host of a URL is ignored, as behind a proxy. `urls`: null where requests to other hosts do not come. */
  constructor(base: string, anyHost: boolean, urls: ArchiveUrls | null = null) {
    this.#base = new URL("opam/", base);
    this.#prefix = this.#base.pathname;
    this.#anyHost = anyHost;
    this.#urls = urls;
  }

  get loaded(): boolean {
    return this.#origins !== null && this.#urls?.loaded !== false;
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

  /** Without `kind`, an address that an opam file names is not looked for. */
  route(url: URL, kind: RequestKind | null = null): Route | null {
    if ((this.#anyHost || url.origin === this.#base.origin) && url.pathname.startsWith(this.#prefix)) {
      return parseRoute(url.pathname.slice(this.#prefix.length));
    }
    if (this.#anyHost) return this.#below(url);
    if (url.origin === this.#base.origin) return this.#origins === null ? null : this.#below(url);
    const below = this.#origins === null ? null : this.#below(url);
    if (below !== null) return below;
    if (this.#origins === null && layout.test(url.pathname)) return { kind: "undecided" };
    if (this.#urls === null || kind === null) return null;
    // What opam files name is data for scripts: never a script, style or picture of the page, whatever they name.
    if (kind.destination !== "" || (kind.method !== "GET" && kind.method !== "HEAD")) return null;
    if (!this.#urls.loaded) return { kind: "undecided" };
    return this.#urls.has(url.href) ? { kind: "source", url: url.href } : null;
  }

  #below(url: URL): Route | null {
    const text = url.origin + url.pathname;
    const origin = this.#origins?.find(({ prefix }) => text.startsWith(prefix));
    if (origin === undefined) return null;
    const route = parseRepositoryPath(origin.repository, text.slice(origin.prefix.length));
    // A public URL usually has a web site beside the repository: only what opam asks for is ours.
    if (route.kind === "package" && route.path === "packages") return null;
    return ["repo", "version", "tarball", "package", "archive"].includes(route.kind) ? route : null;
  }
}
