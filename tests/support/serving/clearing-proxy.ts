import { passingProxy } from "../passing-proxy.ts";

/** A server in front of another, which answers one path of its own, `clear-site-data?DIRECTIVE`, with that header (W3C Clear Site Data, section 3). */
export interface ClearingProxy extends AsyncDisposable {
  /** With the final slash. */
  readonly base: string;
}

export async function clearingProxy(target: string): Promise<ClearingProxy> {
  const { base, close } = await passingProxy(target, {
    answers: (url, res) => {
      if (!url.pathname.endsWith("/clear-site-data")) return false;
      res.writeHead(200, {
        "clear-site-data": `"${decodeURIComponent(url.search.slice(1))}"`,
        "cache-control": "no-store",
      });
      res.end();
      return true;
    },
  });
  return { base, [Symbol.asyncDispose]: close };
}
