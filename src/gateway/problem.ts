import { type ErrorCode, MirrorError } from "../core/errors.ts";

const statuses: Partial<Record<ErrorCode, number>> = {
  "remote-unreachable": 502,
  "remote-status": 502,
  "remote-auth": 401,
  "remote-not-git": 502,
  "remote-refused": 403,
  "remote-timeout": 502,
  "protocol-broken": 400,
  "store-lost": 503,
  "store-quota": 503,
  "store-failed": 503,
  "store-newer": 503,
  "not-found": 404,
  "bad-path": 400,
  "method-not-allowed": 405,
  forbidden: 403,
  "unknown-repository": 404,
  "not-ready": 503,
  "archive-unavailable": 404,
  "checksum-malformed": 400,
  "request-too-large": 413,
};

/**
 * An error as `application/problem+json` (RFC 9457), with the stable `code` of the error and its data.
 * The status is the one that belongs to the code unless the caller knows better.
 */
export function problem(error: MirrorError, headers: Readonly<Record<string, string>> = {}, status?: number): Response {
  const code = status ?? statuses[error.code] ?? 500;
  const body = { type: "about:blank", title: error.message, status: code, code: error.code, data: error.data };
  const all = new Headers({
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  // `not-ready` says in how many seconds; of the others nobody knows.
  if (code === 503) all.set("retry-after", String("retryAfter" in error.data ? error.data.retryAfter : 5));
  for (const [name, value] of Object.entries(headers)) all.set(name, value);
  return new Response(`${JSON.stringify(body)}\n`, { status: code, headers: all });
}

export function notFound(path: string): Response {
  return problem(new MirrorError("not-found", { path }));
}

/** `allow` is the value of the Allow header, e.g. `GET, HEAD`. */
export function methodNotAllowed(method: string, allow: string): Response {
  return problem(new MirrorError("method-not-allowed", { method }), { allow });
}
