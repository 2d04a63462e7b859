import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

const bodyLimit = 1 << 20;
const readLimit = 32 << 20;

/**
 * Whether whoever sent this knows the token, by one of the ways in which web hooks say so: `Authorization: Bearer …`, GitLab's `X-Gitlab-Token`, or
 * the HMAC of the body under it (GitHub's `X-Hub-Signature-256`, Gitea's and Forgejo's `X-Gitea-Signature`).
 */
export async function knowsToken(incoming: IncomingMessage, token: string): Promise<boolean> {
  const { headers } = incoming;
  const field = (name: string) => {
    const value = headers[name];
    return typeof value === "string" ? value : null;
  };
  const bearer = /^Bearer\s+(.+)$/i.exec(headers.authorization ?? "")?.[1] ?? null;
  for (const given of [bearer, field("x-gitlab-token")]) if (given !== null && same(given, token)) return true;
  const signature = field("x-hub-signature-256")?.replace(/^sha256=/, "") ?? field("x-gitea-signature");
  if (signature === null) return false;
  const hmac = createHmac("sha256", token);
  let size = 0;
  for await (const chunk of incoming) {
    size += (chunk as Buffer).length;
    // The rest is read and forgotten: a connection that is closed under it would take the answer along.
    if (size <= bodyLimit) hmac.update(chunk as Buffer);
    else if (size > readLimit) return false;
  }
  return size <= bodyLimit && same(signature, hmac.digest("hex"));
}

/** Compared in a time that does not tell how much of it is right. */
function same(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
