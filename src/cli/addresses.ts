import { networkInterfaces } from "node:os";
import type { Gateway } from "../gateway/serve.ts";

/** Addresses at which clients reach the gateway, ending in a slash: where it listens on all of the machine's, each of them. */
export function reachableSites({ url, base }: Pick<Gateway, "url" | "base">, host: string | undefined): string[] {
  if (host !== "0.0.0.0" && host !== "::") return [url + base];
  const { protocol, port } = new URL(url);
  const found = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, address }) => family === "IPv4" || (host === "::" && !address.startsWith("fe80:")));
  // Those of the network before those of the machine itself.
  found.sort((one, other) => Number(one.internal) - Number(other.internal));
  return found.map(
    ({ family, address }) => `${protocol}//${family === "IPv6" ? `[${address}]` : address}:${port}${base}`,
  );
}
