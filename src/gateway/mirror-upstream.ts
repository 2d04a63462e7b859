import { Readable } from "node:stream";
import type { Upstream } from "../serve/ports.ts";
import { outbound } from "./outbound.ts";

const headMs = 2_000;
const idleMs = 10_000;

/** The HTTP repositories with the same content, asked directly. */
export class MirrorUpstream implements Upstream {
  readonly #origins: ReadonlyMap<string, URL>;

  /** Addresses that end in a slash, by repository name. */
  constructor(origins: ReadonlyMap<string, URL>) {
    this.#origins = origins;
  }

  async fetch(repository: string, path: string, signal: AbortSignal): Promise<Response | null> {
    const origin = this.#origins.get(repository);
    if (origin === undefined) return null;
    const url = new URL(path.split("/").map(encodeURIComponent).join("/"), origin);
    try {
      const { status, headers, body } = await outbound(url, { headMs, idleMs, redirects: 3, signal });
      // An encoding was not asked for; what is inside could not be compared with anything.
      if (status === 200 && headers["content-encoding"] === undefined)
        return new Response(Readable.toWeb(body) as ReadableStream<Uint8Array>);
      body.destroy();
      return null;
    } catch {
      return null;
    }
  }
}
