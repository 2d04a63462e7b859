/** The part of a service worker's global scope that benchmarks use: their sources are checked with a page's types. */
export interface ServiceWorkerScope {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: "install" | "activate", listener: (event: Lasting) => void): void;
  addEventListener(type: "fetch", listener: (event: Lasting & FetchLike) => void): void;
  addEventListener(type: "message", listener: (event: Lasting & MessageEvent) => void): void;
}

interface Lasting {
  waitUntil(work: Promise<unknown>): void;
}

interface FetchLike {
  readonly request: Request;
  respondWith(response: Response | Promise<Response>): void;
}

export const scope: ServiceWorkerScope = globalThis as unknown as ServiceWorkerScope;

/** In charge of all pages from its first moment. */
export function takeOverAtOnce(): void {
  scope.addEventListener("install", (event) => event.waitUntil(scope.skipWaiting()));
  scope.addEventListener("activate", (event) => event.waitUntil(scope.clients.claim()));
}
