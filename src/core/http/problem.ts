import type { ErrorCode, MirrorError } from "../errors.ts";

/** Who answers: an archive that cannot be had is a 404 for opam, which repeats a 502 for seven seconds. */
export type AnsweringHost = "service-worker" | "gateway";

/** RFC 9457, with the stable `code` and the data of the error as extension members. */
export interface Problem {
  readonly type: "about:blank";
  /** The phrase of the status, as RFC 9457 §4.2.1 wants it for `about:blank`. */
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly data: Readonly<Record<string, unknown>>;
}

const phrases = new Map<number, string>([
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [412, "Precondition Failed"],
  [413, "Content Too Large"],
  [416, "Range Not Satisfiable"],
  [500, "Internal Server Error"],
  [502, "Bad Gateway"],
  [503, "Service Unavailable"],
]);

const statuses: Partial<Record<ErrorCode, number>> = {
  "not-found": 404,
  "unknown-repository": 404,
  "bad-path": 400,
  "checksum-malformed": 400,
  "method-not-allowed": 405,
  forbidden: 403,
  "precondition-failed": 412,
  "range-unsatisfiable": 416,
  "not-ready": 503,
  "store-lost": 503,
  "store-failed": 503,
  "store-quota": 503,
  "store-newer": 503,
  "peer-gone": 503,
  aborted: 503,
  deadline: 503,
};

/** The status an error is answered with. */
export function problemStatus(code: ErrorCode, host: AnsweringHost): number {
  if (code === "archive-unavailable" || code === "archive-mismatch") return host === "gateway" ? 404 : 502;
  return statuses[code] ?? 500;
}

export function problemOf(error: MirrorError, status: number): Problem {
  return {
    type: "about:blank",
    title: phrases.get(status) ?? "Error",
    status,
    detail: error.message,
    code: error.code,
    data: { ...error.data },
  };
}

/** Seconds for Retry-After: whole, at least 1, at most 60 (design: during the first clone). */
export function retryAfterSeconds(seconds: number): number {
  return Number.isFinite(seconds) ? Math.min(60, Math.max(1, Math.ceil(seconds))) : 60;
}
