import type { IncomingMessage } from "node:http";

/**
 * Whether the browser that sent this may have a service worker: over TLS (here, or at a proxy in front that says so), and for addresses of
 * the machine itself (Secure Contexts, "potentially trustworthy origin").
 */
export function isSecureContext(incoming: IncomingMessage): boolean {
  if ("encrypted" in incoming.socket && incoming.socket.encrypted === true) return true;
  if (incoming.headers["x-forwarded-proto"] === "https") return true;
  const host = hostOf(incoming);
  if (host === null) return true;
  return isThisMachine(host.replace(/:\d+$/, "").toLowerCase());
}

/** Whether a host, as a URL has it, is the machine of the browser itself. */
export function isThisMachine(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost") || name === "[::1]" || /^127(\.\d{1,3}){3}$/.test(name);
}

/** Host and port by which the gateway was reached; null when the client did not say, or said something else. */
export function hostOf(incoming: IncomingMessage): string | null {
  const { host } = incoming.headers;
  return host !== undefined && /^([\w.-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(:\d{1,5})?$/.test(host) ? host : null;
}
