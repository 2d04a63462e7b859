import { type PassingProxy, passingProxy } from "../support/passing-proxy.ts";

/** An HTTP server in front of another, that counts what is answered. */
export interface CountingProxy extends PassingProxy {
  /** Bytes of the bodies that were answered below `/git/` since the last call. */
  count(): number;
}

export async function countingProxy(target: string): Promise<CountingProxy> {
  let bytes = 0;
  const proxy = await passingProxy(target, {
    passes: (url, answer) => {
      if (!url.pathname.startsWith("/git/")) return;
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
    },
  });
  return {
    ...proxy,
    count: () => {
      const counted = bytes;
      bytes = 0;
      return counted;
    },
  };
}
