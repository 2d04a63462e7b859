import type { Checksum } from "../core/opam/checksum.ts";
import type { KnownArchive } from "./archive-catalog.ts";

/** Addresses of opam files that are asked for one archive. */
const askedUrls = 16;

/** Where an archive may be had. */
export interface ArchivePlace {
  /** For people: without what is secret in an address. */
  readonly name: string;
  readonly url: string;
  /** The gateway, which asks caches and opam files' addresses itself; the others are asked directly, if their host lets a browser. */
  readonly isGateway: boolean;
}

/**
 * The gateway, by checksum: it asks its caches, the repository's archive mirrors, `src` and `mirrors`, in this order. Behind it the same
 * addresses directly, for hosts that the gateway does not reach and for sites without one. `base`: URL of the scope.
 */
export function archivePlaces(base: string, asked: Checksum, known: KnownArchive | null): readonly ArchivePlace[] {
  const { algorithm, hex } = asked;
  const gateway = new URL(`gateway/archive/${algorithm}/${hex}`, base).href;
  const places: ArchivePlace[] = [{ name: gateway, url: gateway, isGateway: true }];
  if (known === null) return places;
  const mirrors = known.mirrors.map((mirror) => `${mirror.replace(/\/+$/, "")}/${algorithm}/${hex.slice(0, 2)}/${hex}`);
  for (const address of [...mirrors, ...known.urls.slice(0, askedUrls)]) {
    if (!URL.canParse(address)) continue;
    const url = new URL(address);
    if (url.protocol !== "https:" && url.protocol !== "http:") continue;
    // A browser sends credentials of addresses to nobody, and refuses to fetch them.
    if (url.username !== "" || url.password !== "") continue;
    url.hash = "";
    places.push({ name: `${url.origin}${url.pathname}`, url: url.href, isGateway: false });
  }
  return places;
}

/** Browsers refuse plain http on secure pages (mixed content), but for this machine. */
export function isMixedContent(base: string, url: string): boolean {
  const { protocol, hostname } = new URL(url);
  const isLocal = hostname === "localhost" || hostname.endsWith(".localhost") || /^127\.|^\[::1\]$/.test(hostname);
  return base.startsWith("https:") && protocol === "http:" && !isLocal;
}
