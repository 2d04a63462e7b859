import type { Upstream } from "./ports.ts";

/** The upstream HTTP repository, relayed by the gateway: `<base>gateway/upstream/<repository>/<path>`. */
export class GatewayUpstream implements Upstream {
  readonly #base: string;
  readonly #fetch: typeof fetch;

  /** `base`: URL of the scope, ending in `/`. */
  constructor(base: string, fetcher: typeof fetch) {
    this.#base = base;
    this.#fetch = fetcher;
  }

  async fetch(repository: string, path: string, signal: AbortSignal): Promise<Response | null> {
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    const url = new URL(`gateway/upstream/${encodeURIComponent(repository)}/${encoded}`, this.#base);
    // A method of an object is not the global fetch: that one insists on its own receiver.
    const fetcher = this.#fetch;
    try {
      const response = await fetcher(url.href, { signal, redirect: "error", cache: "no-store" });
      if (response.status === 200) return response;
      await response.body?.cancel();
      return null;
    } catch {
      return null;
    }
  }
}
