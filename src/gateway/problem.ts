import { type ErrorCode, MirrorError } from "../core/errors.ts";
import { problemOf, problemStatus, retryAfterSeconds } from "../core/http/problem.ts";

/** Of what only the gateway's own routes meet. Other codes are answered as the handler answers them. */
const statuses: Partial<Record<ErrorCode, number>> = {
  "remote-unreachable": 502,
  "remote-status": 502,
  "remote-auth": 401,
  "remote-not-git": 502,
  "remote-refused": 403,
  "remote-timeout": 502,
  "protocol-broken": 400,
  "request-too-large": 413,
};

/**
 * An error as `application/problem+json`, the same as the handler's. The status is the one that belongs to the code unless the caller knows
 * better, and so is `Retry-After`.
 */
export function problem(error: MirrorError, headers: Readonly<Record<string, string>> = {}, status?: number): Response {
  const body = problemOf(error, status ?? statuses[error.code] ?? problemStatus(error.code, "gateway"));
  const all = new Headers({
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
  });
  if (body.status === 503) all.set("retry-after", String(retryAfterSeconds(Number(body.data.retryAfter ?? 5))));
  for (const [name, value] of Object.entries(headers)) all.set(name, value);
  return new Response(`${JSON.stringify(body)}\n`, { status: body.status, headers: all });
}

export function notFound(path: string): Response {
  return problem(new MirrorError("not-found", { path }));
}

/** `allow` is the value of the Allow header, e.g. `GET, HEAD`. */
export function methodNotAllowed(method: string, allow: string): Response {
  return problem(new MirrorError("method-not-allowed", { method }), { allow });
}
