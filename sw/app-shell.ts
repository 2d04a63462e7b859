import type { ScopeNames } from "../src/protocol/names.ts";

/** The files of the app itself, kept by version so that a tab never mixes two. */
export class AppShell {
  readonly #base: URL;
  readonly #cacheName: string;
  readonly #prefix: string;
  readonly #assets: ReadonlySet<string>;

  /** `assets` are paths relative to the scope; the page itself is `index.html`. */
  constructor(base: string, names: ScopeNames, version: string, assets: readonly string[]) {
    this.#base = new URL(base);
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

  /** URL of the file that answers the request, or null when it is none of the app's. */
  match(request: Request): string | null {
    if (request.method !== "GET") return null;
    const url = new URL(request.url);
    if (url.origin !== this.#base.origin) return null;
    const page = new URL("index.html", this.#base).href;
    if (!this.#assets.has(page)) return null;
    if (request.mode === "navigate")
      return url.pathname === this.#base.pathname || url.pathname === new URL(page).pathname ? page : null;
    const plain = url.origin + url.pathname;
    return this.#assets.has(plain) ? plain : null;
  }

  async answer(url: string, request: Request): Promise<Response> {
    const cached = await caches.match(url, { cacheName: this.#cacheName });
    return cached ?? fetch(request);
  }
}
