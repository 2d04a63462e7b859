import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { OperatorError } from "./operator-error.ts";
import { hostOf, isThisMachine } from "./secure-context.ts";

/** One `--server-name NAME`, in the form in which it is compared. Throws an OperatorError for what is no name of a host. */
export function parseServerName(text: string): string {
  if (!/^[a-z\d](?:[a-z\d._-]{0,251}[a-z\d])?$/i.test(text))
    throw new OperatorError(
      "usage",
      `--server-name ${text}: it is not the name of a host. Give it without scheme and port, e.g. mirror.example.`,
    );
  return text.toLowerCase();
}

/**
 * Whether a request may be answered by the name that its client reached the server by. A browser sends the name that its page is from: one that
 * its owner has pointed at this machine meanwhile ("DNS rebinding") is none of `names`. Addresses and names of this machine cannot be
 * pointed elsewhere, and who names no host is no browser (RFC 9112, section 3.2). Without `names`, all are.
 */
export function goesByName(names: readonly string[], incoming: IncomingMessage): boolean {
  if (names.length === 0 || incoming.headers.host === undefined) return true;
  const host = hostOf(incoming);
  if (host === null) return false;
  const name = host.replace(/:\d+$/, "").replace(/\.$/, "").toLowerCase();
  return names.includes(name) || isThisMachine(name) || isIP(name.replace(/^\[|\]$/g, "")) !== 0;
}
