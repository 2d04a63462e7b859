import type { ScopeNames } from "../src/protocol/names.ts";

/** The files of the app itself, kept by version so that a tab never mixes two. */
export class AppShell {
  readonly #origin: string;
  /** The two addresses of the page. */
  readonly #pages: readonly string[];
  readonly #cacheName: string;
  readonly #prefix: string;
  readonly #assets: ReadonlySet<string>;

  /** `assets` are paths relative to the scope; the page itself is `index.html`. */
  constructor(base: string, names: ScopeNames, version: string, assets: readonly string[]) {
    const { origin, pathname } = new URL(base);
    this.#origin = origin;
    this.#pages = [new URL("index.html", base).href, origin + pathname];
    this.#cacheName = names.appCache(version);
    this.#prefix = names.appCachePrefix;
    this.#assets = new Set(assets.map((asset) => new URL(asset, base).href));
  }

  async install(): Promise<void> {
    const cache = await caches.open(this.#cacheName);
    await cache.addAll([...this.#assets].map((url) => new Request(url, { cache: "reload" })));
  }

  async removeOld(): Promise<void> {
    for (const name of await caches.keys())
      if (name.startsWith(this.#prefix) && name !== this.#cacheName) await caches.delete(name);
  }

  /** URL of the file that answers a request for `url`, or null when it is none of the app's. */
  match(request: Request, { origin, pathname }: URL): string | null {
    if (origin !== this.#origin || request.method !== "GET") return null;
    const page = this.#pages[0]!;
    if (!this.#assets.has(page)) return null;
    const plain = origin + pathname;
    if (request.mode === "navigate") return this.#pages.includes(plain) ? page : null;
    return this.#assets.has(plain) ? plain : null;
  }

  async answer(url: string, request: Request): Promise<Response> {
    const cached = await caches.match(url, { cacheName: this.#cacheName });
    return cached ?? fetch(request);
  }
}
