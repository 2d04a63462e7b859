import { MirrorError } from "../core/errors.ts";

/** Throws `unsupported` with advice where a mirror cannot run. */
export function assertSupported(): void {
  if (!globalThis.isSecureContext) {
    throw new MirrorError("unsupported", {
      feature: "a secure context",
      advice: "Open this page over https, or on localhost: browsers run service workers nowhere else.",
    });
  }
  if (!("serviceWorker" in navigator)) {
    throw new MirrorError("unsupported", {
      feature: "service workers",
      advice: "Leave private browsing, or use a current Chromium, Firefox or Safari.",
    });
  }
  if (!("locks" in navigator) || !("indexedDB" in globalThis)) {
    throw new MirrorError("unsupported", {
      feature: "Web Locks or IndexedDB",
      advice: "Allow this site to store data, then reload.",
    });
  }
}
